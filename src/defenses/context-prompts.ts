/** Learned context vectors: the prompts' text with placeholders, and how contexts start (CoOp, MaPLe). */

import { open } from 'node:fs/promises'
import type { ClipModel } from '../clip/model.js'
import { spokenName } from '../clip/templates.js'
import { NaptuneError } from '../errors.js'
import type { Generator } from '../random/generator.js'
import type { Parameter, PromptRows } from './defense.js'

/** How context vectors start. */
export type ContextInit = 'normal' | 'words'

/** The words whose embeddings start the contexts with init `words`. */
export const initialWords = 'a photo of a'

/**
 * Tokens of `X … X NAME.` for every class: start token, `count` placeholders that the context vectors replace, the class
 * name with a full stop, end token.
 * @throws NaptuneError when a prompt does not fit the model's context length.
 */
export function contextPrompts(clip: ClipModel, classNames: readonly string[], count: number): PromptRows {
	const { tokenizer, config } = clip
	const { contextLength } = config.text
	const placeholder = tokenizer.encode('X')[1]!
	const rows = classNames.map((name) => {
		const { ids } = tokenizer.encodeBatch([`${spokenName(name)}.`], config.text)
		const row = [ids[0]!, ...new Array<bigint>(count).fill(BigInt(placeholder)), ...ids.subarray(1)]
		if (row.length > contextLength) {
			throw new NaptuneError(
				`The class name ${JSON.stringify(name)} with ${count} context vectors needs ${row.length} tokens, the model reads ${contextLength}. Use fewer context vectors or a shorter name.`,
			)
		}
		return row
	})
	const length = Math.max(...rows.map((row) => row.length))
	const ids = new BigInt64Array(rows.length * length).fill(BigInt(tokenizer.paddingId))
	rows.forEach((row, index) => {
		ids.set(row, index * length)
	})
	const endPositions = Int32Array.from(rows, (row) => row.length - 1)
	return { ids, endPositions, rows: rows.length, length, promptsPerClass: 1 }
}

/** A context of `count` vectors that starts normal with standard deviation 0.02. */
export function normalContext(count: number, width: number, deviation: number): Parameter {
	return {
		shape: [count, width],
		initial: (generator: Generator) =>
			Float32Array.from({ length: count * width }, () => deviation * generator.normal()),
	}
}

/**
 * A context that starts at the embeddings of {@link initialWords}.
 * @throws NaptuneError when more than four vectors are asked for: MaPLe uses words for at most four.
 */
export function wordsContext(clip: ClipModel, count: number): Parameter {
	const { width } = clip.config.text
	if (count > 4) {
		throw new NaptuneError(
			`The contexts can start from the words "${initialWords}" for at most 4 vectors, ${count} were asked for. Use init normal.`,
		)
	}
	return { shape: [count, width], initial: () => wordEmbeddings(clip, count, width) }
}

async function wordEmbeddings(clip: ClipModel, count: number, width: number): Promise<Float32Array> {
	const ids = clip.tokenizer.encode(initialWords).slice(1, 1 + count)
	const { file, offset } = clip.checkpoint.weights.get('text_model.embeddings.token_embedding.weight')!
	const values = new Float32Array(count * width)
	const handle = await open(file)
	try {
		for (const [row, id] of ids.entries()) {
			const target = new Uint8Array(values.buffer, row * width * 4, width * 4)
			await handle.read(target, 0, width * 4, offset + id * width * 4)
		}
	} finally {
		await handle.close()
	}
	return values
}
