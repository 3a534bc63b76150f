/** Learned context vectors: the prompts' text with placeholders, and the initial values of contexts (CoOp, MaPLe). */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import type { Generator } from '../random/generator.js'
import { classPrompts, spokenName } from '../vlm/class-prompts.js'
import type { ClipModel } from '../vlm/model.js'
import { towersOf } from '../vlm/towers.js'
import type { Parameter, PromptRows } from './defense.js'
import { layersUpTo } from './layers.js'

/** Initial values of context vectors. */
export type ContextInit = 'normal' | 'words'

/** The words whose embeddings initialise contexts with init `words`. */
export const initialWords = 'a photo of a'

/**
 * Tokens of `X … X NAME.` for every class: start token (if the model has one), `count` placeholders for the context vectors,
 * the class name with a full stop, end token. A context initialised from words replaces the first `count` of them; the
 * remaining words stay in the prompt (MaPLe).
 * @throws NaptuneError if a prompt does not fit the model's context length.
 */
export function contextPrompts(
	clip: ClipModel,
	classNames: readonly string[],
	count: number,
	init: ContextInit = 'normal',
): PromptRows {
	const { tokenizer, config } = clip
	const { contextLength, padTo = 0, eosRule } = config.text
	const { startTokens } = towersOf(config)
	const placeholder = at(tokenizer.encode('X'), startTokens)
	const rest = init === 'words' ? tokenizer.encode(initialWords).slice(startTokens + count, -1) : []
	const rows = classNames.map((name) => {
		const { ids } = tokenizer.encodeBatch([`${spokenName(name)}.`], { ...config.text, padTo: 'longest' })
		const context = [...new Array<number>(count).fill(placeholder), ...rest]
		const row = [...ids.subarray(0, startTokens), ...context.map(BigInt), ...ids.subarray(startTokens)]
		if (row.length > contextLength) {
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`The class name ${JSON.stringify(name)} with ${count} context vectors needs ${row.length} tokens; the model reads ${contextLength}. Use fewer context vectors or a shorter name.`,
			)
		}
		return row
	})
	const length = Math.max(padTo, ...rows.map((row) => row.length))
	const ids = new BigInt64Array(rows.length * length).fill(BigInt(tokenizer.paddingId))
	rows.forEach((row, index) => {
		ids.set(row, index * length)
	})
	const endPositions = Int32Array.from(rows, (row) => (eosRule === 'last' ? length : row.length) - 1)
	return { ids, endPositions, rows: rows.length, length, promptsPerClass: 1 }
}

/** Tokens of a fixed template, for methods that do not learn text prompts. */
export function templatePrompts(clip: ClipModel, classNames: readonly string[], template: string): PromptRows {
	const { prompts } = classPrompts(classNames, template)
	const { ids, endPositions, count, length } = clip.tokenizer.encodeBatch(prompts, clip.config.text)
	return { ids, endPositions, rows: count, length, promptsPerClass: 1 }
}

/**
 * A shallow text context.
 * @throws NaptuneError as {@link wordsContext}.
 */
export function textContext(clip: ClipModel, count: number, init: ContextInit, deviation: number): Parameter {
	return init === 'words' ? wordsContext(clip, count) : normalContext(count, clip.config.text.width, deviation)
}

/**
 * Parameters of a text tower with a context per layer, by name: the shallow one starts as requested, deep ones normal
 * (MaPLe).
 * @throws NaptuneError as {@link wordsContext}.
 */
export function textContexts(
	clip: ClipModel,
	depth: number,
	count: number,
	init: ContextInit,
	deviation: number,
): [string, Parameter][] {
	return layersUpTo(depth).map((layer) => [
		`text.context.${layer}`,
		textContext(clip, count, layer === 0 ? init : 'normal', deviation),
	])
}

/** A context of `count` vectors with normal initial values of this standard deviation. */
export function normalContext(count: number, width: number, deviation: number): Parameter {
	return {
		shape: [count, width],
		initial: (generator: Generator) =>
			Float32Array.from({ length: count * width }, () => deviation * generator.normal()),
	}
}

/**
 * A context initialised from the embeddings of {@link initialWords}.
 * @throws NaptuneError for more than four vectors: MaPLe uses words for at most four.
 */
export function wordsContext(clip: ClipModel, count: number): Parameter {
	const { width } = clip.config.text
	if (count > 4) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`The contexts can start from the words "${initialWords}" for at most 4 vectors, not ${count}. Use init normal.`,
		)
	}
	const { startTokens, tokenEmbedding } = towersOf(clip.config)
	const ids = clip.tokenizer.encode(initialWords).slice(startTokens, startTokens + count)
	return {
		shape: [count, width],
		initial: () => clip.readRows(tokenEmbedding, ids),
	}
}
