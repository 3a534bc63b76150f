/**
 * Whole tuning steps on the tiny CLIP of the fixtures: a defense with the fixture's prompts, and a step's losses and
 * gradients.
 */

import { fileURLToPath } from 'node:url'
import { loadWeights } from '../../checkpoints/checkpoint-weights.js'
import { loadTokenizer } from '../../checkpoints/load-tokenizer.js'
import { defined } from '../../core/defined.js'
import { float32 } from '../../core/tensor.js'
import type { Defense } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { tuningLosses } from '../../defenses/tuning-losses.js'
import { doublesOf } from '../../files/golden.test.support.js'
import { readJsonFile } from '../../files/json-file.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import type { ModelEngine } from '../../runtime/index.js'
import { createGradientSums } from '../../training/gradient-sums.js'
import type { TensorSet } from '../../training/tensor-set.js'
import { parseClipConfig } from '../../vlm/config.js'
import { expectedWeights } from '../../vlm/expected-weights.js'
import type { ClipModel } from '../../vlm/model.js'
import { frozenWeights } from '../../vlm/weights.js'
import { createImageSide } from './image-side.js'
import { createTextSide } from './text-side.js'

/** Path of a fixture. */
export function fixture(path: string): string {
	return fileURLToPath(new URL(`../../../fixtures/${path}`, import.meta.url))
}

/** A defense on the tiny CLIP, with the fixture's token ids as prompts of five classes. */
export async function goldenDefense(
	name: string,
	options: Readonly<Record<string, unknown>>,
): Promise<{ clip: ClipModel; defense: Defense }> {
	const config = parseClipConfig(await readJsonFile(fixture('tiny-clip/config.json')))
	const { weights } = await loadWeights(fixture('tiny-clip'), expectedWeights(config), await temporaryFolder())
	const tokenizer = await loadTokenizer(fixture('../models/nano/tokenizer.json'))
	const statistics = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] } as const
	// The golden values include token ids; the tokenizer only has to pass its own checks.
	const text = { ...config.text, vocabularySize: tokenizer.vocabularySize, endTokenId: tokenizer.vocabularySize - 1 }
	const clip = { config: { ...config, text }, statistics, weights: frozenWeights(weights), tokenizer, checkpoint: {} }
	const model = clip as unknown as ClipModel
	const defense = prepareDefense(name, model, ['a', 'b', 'c', 'd', 'e'], options)
	const ids = (await doublesOf(fixture('nap-golden/inputs.safetensors'))).get('input_ids')!
	const endPositions = Int32Array.from({ length: 5 }, (_, row) => ids.slice(row * 10, row * 10 + 10).indexOf(98))
	const prompts = { ids: BigInt64Array.from(ids, BigInt), endPositions, rows: 5, length: 10, promptsPerClass: 1 }
	return { clip: model, defense: { ...defense, prompts } }
}

/** A defense's parameters, as a fixture stores them. */
export function storedParameters(defense: Defense, stored: ReadonlyMap<string, number[]>): TensorSet {
	return Object.fromEntries(
		[...defense.parameters].map(([name, { shape }]) => [
			name,
			float32(shape, Float32Array.from(stored.get(`parameter.${name}`)!)),
		]),
	)
}

/** A batch of pictures of 16 pixels. */
export interface GoldenBatch {
	readonly clean: readonly number[]
	readonly adversarial: readonly number[]
	readonly labels: readonly number[]
	readonly adversarialHalf?: readonly boolean[]
}

/** How a step is split: images and classes at a time. */
export interface Cuts {
	readonly microBatch: number
	readonly chunk: number
}

/** Mean losses of a batch and the gradient of its mean loss, assembled from micro-batches and chunks of classes. */
export async function stepGradients(
	engine: ModelEngine,
	{ clip, defense }: { readonly clip: ClipModel; readonly defense: Defense },
	lossName: string,
	parameters: TensorSet,
	batch: GoldenBatch,
	alpha: number,
	{ microBatch, chunk }: Cuts,
): Promise<{ clean: number; adversarial: number; gradients: TensorSet }> {
	const text = await createTextSide(engine, defense, chunk)
	const image = await createImageSide(engine, clip, defense, tuningLosses.get(lossName)!)
	const textFeatures = await text.features(parameters)
	const sums = createGradientSums(defense.parameters)
	const textGradient = new Float64Array(textFeatures.data.length)
	const losses = { clean: 0, adversarial: 0 }
	const size = batch.labels.length
	const pixels = 3 * 16 * 16
	for (let from = 0; from < size; from += microBatch) {
		const to = Math.min(from + microBatch, size)
		const rows = (values: readonly number[]) =>
			float32([to - from, 3, 16, 16], Float32Array.from(values.slice(from * pixels, to * pixels)))
		const result = await image.run(
			{ ...parameters, textFeatures },
			{
				clean: rows(batch.clean),
				adversarial: rows(batch.adversarial),
				labels: batch.labels.slice(from, to),
				...defined({ adversarialHalf: batch.adversarialHalf ? batch.adversarialHalf.slice(from, to) : undefined }),
			},
			alpha,
			1 / size,
		)
		losses.clean += result.cleanLoss / size
		losses.adversarial += result.adversarialLoss / size
		for (const [name, gradient] of Object.entries(result.gradients)) sums.add(name, gradient)
		for (const [index, value] of result.textGradient?.entries() ?? []) textGradient[index]! += value
	}
	await text.backward(parameters, Float32Array.from(textGradient), sums.add)
	await text.release()
	await image.release()
	return { ...losses, gradients: sums.tensors() }
}
