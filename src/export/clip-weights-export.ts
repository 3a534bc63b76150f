/**
 * Exports of a run as the weights of a CLIPModel of transformers. That is exact where all that was learned is one text context
 * before the first block: its vectors become the embeddings of added tokens. Nothing else of a method has a place there.
 */

import { loadClip } from '../checkpoints/load-clip.js'
import { saveCheckpoint } from '../checkpoints/save-checkpoint.js'
import { at, entry, present } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { isRecord } from '../core/guards.js'
import { elementCount } from '../core/tensor.js'
import type { Defense, LayerLayout } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import { classesPerChunk, deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { readInto, withFile } from '../files/read-parts.js'
import { computeTextFeatures } from '../methods/tuning/text-side.js'
import type { ClipModel } from '../vlm/model.js'
import { towersOf } from '../vlm/towers.js'
import type { WeightReference } from '../vlm/weights.js'
import type { ExportInput, MadeExport } from './export-input.js'
import { hypothesisTemplate } from './hypothesis-template.js'
import { measureParity, measureReference, measureRobustness } from './measure-classifier.js'
import { jsonFile } from './model-message.js'
import { preprocessorJson } from './preprocessor.js'
import { tokenizerFiles, transformersConfigOf } from './tokenizer-files.js'
import { requireTextTower, textContexts } from './zero-shot-graph.js'

const embedding = 'text_model.embeddings.token_embedding.weight'
const context = 'text.context.0'

/** Writes the checkpoint and measures it on the classes of the run. @param staging Folder to write to. */
export async function exportClipWeights(input: ExportInput, staging: string): Promise<MadeExport> {
	const { engine, run, options } = input
	const { clip, defense, parameters } = run
	requireTextTower(run)
	requireExact(defense)
	const { contextLength, vocabularySize } = clip.config.text
	const config = await transformersConfigOf(clip.checkpoint)
	if (config.model_type !== 'clip') {
		throw new NaptuneError(
			'NAP_EXPORT_REFUSED',
			`Layout transformers holds the weights of a CLIPModel, and ${clip.checkpoint.source} is a ${towersOf(clip.config).title}. Export a graph (--layout onnx or transformers.js).`,
		)
	}
	const [tokenizer, settings] = await tokenizerFiles(clip.checkpoint, contextLength)
	const names = Array.from({ length: textContexts(defense) }, (_, index) => `<|context_${index}|>`)
	const weights = await weightsOf(clip)
	const vectors = entry(parameters, context).data
	weights.set(embedding, joined(entry(weights, embedding), vectors))
	await saveCheckpoint(staging, {
		config: withTokens(config, vocabularySize + names.length, clip),
		weights,
		dtype: options.dtype === 'fp16' ? 'F16' : 'F32',
		tokenizer: withAddedTokens(present(tokenizer, 'tokenizer').chunks, names, vocabularySize),
		preprocessorConfig: preprocessorJson(clip.checkpoint.preprocessor),
	})
	const template = names.join('') + hypothesisTemplate(clip, defense)
	const written = await loadClip(staging)
	const vanilla = prepareDefense('vanilla', written, defense.classNames, { templates: [template] })
	const features = await computeTextFeatures(engine, vanilla, {}, classesPerChunk)
	const exported = await deployedClassifier(engine, written, vanilla, {}, { textFeatures: features })
	const deployed = await deployedClassifier(engine, clip, defense, parameters)
	try {
		const measuring = { ...input, clip, onProgress: input.onProgress.bind(undefined, 'the exported weights') }
		const parity = await measureParity(measuring, deployed, async (pixels) =>
			entry(await exported.evaluate(pixels, ['logits']), 'logits'),
		)
		const found = await measureRobustness(measuring, exported, undefined)
		const half = options.dtype === 'fp16'
		const reference = half ? await measureReference(measuring, deployed, options.maxDrop) : undefined
		return {
			graphs: [],
			measured: {
				parity,
				...found,
				...defined({ reference }),
				how: `Answers and gradients are those of the exported weights, read back as any CLIP, on the texts "${template}" of the classes.`,
			},
			files: [present(settings, 'settings of the tokenizer'), jsonFile('labels.json', defense.classNames)],
			saved: ['config.json', 'model.safetensors', 'tokenizer.json', 'preprocessor_config.json'],
			text: { contexts: names.length, maxTokens: contextLength, hypothesisTemplate: template },
		}
	} finally {
		await exported.release()
		await deployed.release()
	}
}

/** @throws NaptuneError that names what a CLIPModel has no place for. */
export function requireExact({ name, layout, prompts }: Pick<Defense, 'name' | 'layout' | 'prompts'>): void {
	const towers: readonly [string, readonly LayerLayout[]][] = [
		['text', layout.text],
		['image', layout.image],
	]
	const reasons = towers.flatMap(([tower, layers]) => [
		...(layers.some(({ changed }) => changed) ? [`refiners in the ${tower} tower`] : []),
		...(layers.slice(1).some(({ ownPrompts }) => ownPrompts)
			? [`prompts of their own in deeper blocks of the ${tower} tower`]
			: []),
		...(tower === 'image' && at(layers, 0).prompts > 0 ? ['prompts in the image tower'] : []),
	])
	if (prompts.promptsPerClass > 1) reasons.push('several prompts per class')
	if (at(layout.text, 0).prompts === 0) reasons.push('no text context that could become tokens')
	if (reasons.length === 0) return
	throw new NaptuneError(
		'NAP_EXPORT_REFUSED',
		`${name} cannot be written as weights of a CLIPModel: it has ${reasons.join(', ')}. Export a graph, which holds all of it (--layout onnx or transformers.js).`,
	)
}

async function weightsOf({ checkpoint }: ClipModel): Promise<Map<string, Float32Array>> {
	const weights = new Map<string, Float32Array>()
	for (const [name, reference] of checkpoint.weights) weights.set(name, await numbersOf(name, reference))
	return weights
}

async function numbersOf(name: string, reference: WeightReference): Promise<Float32Array> {
	const { file, offset, length, shape } = reference
	const numbers = new Float32Array(elementCount(shape))
	const read = await withFile(file, (handle) => readInto(handle, new Uint8Array(numbers.buffer), offset))
	if (read === length) return reference.transposed ? transposed(numbers, shape) : numbers
	throw new NaptuneError('NAP_FILE_DAMAGED', `${file} ends before the weight ${name} does. Fetch the checkpoint again.`)
}

/** A matrix that is stored column by column. @param shape As it is used. */
function transposed(stored: Float32Array, [rows = 0, columns = 0]: readonly number[]): Float32Array {
	return stored.map((_, index) => at(stored, (index % columns) * rows + Math.floor(index / columns)))
}

function joined(rows: Float32Array, more: Float32Array): Float32Array {
	const all = new Float32Array(rows.length + more.length)
	all.set(rows)
	all.set(more, rows.length)
	return all
}

/** A config for more tokens, which names its end token: the highest id, by which older ones find it, is another's now. */
function withTokens(
	given: Readonly<Record<string, unknown>>,
	vocabulary: number,
	clip: ClipModel,
): Record<string, unknown> {
	const text = isRecord(given.text_config) ? given.text_config : {}
	const { endTokenId, bosTokenId } = clip.config.text
	return {
		...given,
		text_config: { ...text, vocab_size: vocabulary, eos_token_id: endTokenId, bos_token_id: bosTokenId },
	}
}

function withAddedTokens(chunks: readonly Uint8Array[], names: readonly string[], first: number): string {
	const json: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
	const given = isRecord(json) ? json : {}
	const before: readonly unknown[] = Array.isArray(given.added_tokens) ? given.added_tokens : []
	const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
	const added = names.map((content, index) => ({ id: first + index, content, ...flags }))
	return `${JSON.stringify({ ...given, added_tokens: [...before, ...added] }, null, 2)}\n`
}
