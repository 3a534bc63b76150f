import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadWeights } from '../clip/checkpoint-weights.js'
import { parseClipConfig } from '../clip/config.js'
import { expectedWeights } from '../clip/expected-weights.js'
import { loadTokenizer } from '../clip/tokenizer.js'
import { frozenWeights } from '../clip/weights.js'
import type { Defense } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import { readJsonFile } from '../files/json-file.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { float32 } from '../onnx/tensor.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { adamWStep, createAdamWState, type TensorSet } from './adamw.js'
import { doublesOf, relativeError } from './golden.test.support.js'
import { createGradientSums } from './gradient-sums.js'
import { createImageSide } from './image-side.js'
import { tuningLosses } from './losses.js'
import { createTextSide } from './text-side.js'

const fixture = (path: string) => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url))
const floats = (values: readonly number[]) => Float32Array.from(values)
const pixelShape = [3, 16, 16]
const pixelCount = 3 * 16 * 16

/** The tiny CLIP of the fixtures under NAP, with the fixture's token ids as prompts of five classes. */
async function goldenDefense(): Promise<{ clip: Parameters<typeof createImageSide>[1]; defense: Defense }> {
	const config = parseClipConfig(await readJsonFile(fixture('tiny-clip/config.json')))
	const { weights } = await loadWeights(fixture('tiny-clip'), expectedWeights(config), await temporaryFolder())
	const tokenizer = await loadTokenizer(fixture('../models/nano/tokenizer.json'))
	const statistics = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] } as const
	// The goldens give token ids; the tokenizer only has to pass its own checks.
	const text = { ...config.text, vocabularySize: tokenizer.vocabularySize, endTokenId: tokenizer.vocabularySize - 1 }
	const clip = { config: { ...config, text }, statistics, weights: frozenWeights(weights), tokenizer, checkpoint: {} }
	const { depth, ...options } = (
		(await readJsonFile(fixture('nap-golden/variants.json'))) as Record<string, Record<string, unknown>>
	)['independent-depth-2']!
	const model = clip as unknown as Parameters<typeof createImageSide>[1]
	const defense = prepareDefense('nap', model, ['a', 'b', 'c', 'd', 'e'], { ...options, promptDepth: depth })
	const ids = (await doublesOf(fixture('nap-golden/inputs.safetensors'))).get('input_ids')!
	const endPositions = Int32Array.from({ length: 5 }, (_, row) => ids.slice(row * 10, row * 10 + 10).indexOf(98))
	const prompts = { ids: BigInt64Array.from(ids, BigInt), endPositions, rows: 5, length: 10, promptsPerClass: 1 }
	return { clip: model, defense: { ...defense, prompts } }
}

describe('one tuning step against the PyTorch re-computation in float64', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	it.each([
		{ microBatch: 3, chunk: 5 },
		{ microBatch: 2, chunk: 2 },
		{ microBatch: 1, chunk: 1 },
	])('micro-batches of $microBatch, chunks of $chunk classes', async ({ microBatch, chunk }) => {
		const { clip, defense } = await goldenDefense()
		const golden = await doublesOf(fixture('tuning-golden/step.safetensors'))
		const inputs = await doublesOf(fixture('nap-golden/inputs.safetensors'))
		const stored = await doublesOf(fixture('nap-golden/independent-depth-2.safetensors'))
		const parameters: TensorSet = Object.fromEntries(
			[...defense.parameters].map(([name, { shape }]) => [
				name,
				float32(shape, floats(stored.get(`parameter.${name}`)!)),
			]),
		)
		const text = await createTextSide(engine, defense, chunk)
		const image = await createImageSide(engine, clip, defense, tuningLosses.get('clean-plus-adversarial')!)
		const textFeatures = await text.features(parameters)
		const sums = createGradientSums(defense.parameters)
		const textGradient = new Float64Array(textFeatures.data.length)
		const losses = { clean: 0, adversarial: 0 }
		for (let from = 0; from < 3; from += microBatch) {
			const count = Math.min(microBatch, 3 - from)
			const rows = (name: string, values: ReadonlyMap<string, number[]>) =>
				float32([count, ...pixelShape], floats(values.get(name)!.slice(from * pixelCount, (from + count) * pixelCount)))
			const result = await image.run(
				{ ...parameters, textFeatures },
				{
					clean: rows('pixels', inputs),
					adversarial: rows('adversarial', golden),
					labels: inputs.get('labels')!.slice(from, from + count),
				},
				golden.get('alpha')![0]!,
				1 / 3,
			)
			losses.clean += result.cleanLoss / 3
			losses.adversarial += result.adversarialLoss / 3
			for (const [name, gradient] of Object.entries(result.gradients)) sums.add(name, gradient)
			for (const [index, value] of result.textGradient.entries()) textGradient[index]! += value
		}
		await text.backward(parameters, Float32Array.from(textGradient), sums.add)
		const gradients = sums.tensors()

		// float32 through seven blocks at a logit scale of 14: a few hundred roundings of 6e-8.
		expect(losses.clean).toBeCloseTo(golden.get('clean_loss')![0]!, 4)
		expect(losses.adversarial).toBeCloseTo(golden.get('adversarial_loss')![0]!, 4)
		expect(Object.keys(gradients).sort()).toEqual([...defense.parameters.keys()].sort())
		for (const [name, { data }] of Object.entries(gradients)) {
			expect(relativeError(data, golden.get(`gradient.${name}`)!), name).toBeLessThan(1e-4)
		}

		const learningRate = golden.get('learning_rate')![0]!
		const options = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 5e-4, learningRate } as const
		adamWStep(parameters, gradients, createAdamWState(parameters), options)
		for (const [name, { data }] of Object.entries(parameters)) {
			const after = golden.get(`after.${name}`)!
			for (const [index, value] of data.entries()) {
				// The first step is learning rate times g / (|g| + 1e-8), which the error of a gradient above 6e-5 moves by
				// less than 2e-4 of a learning rate; then the value is rounded.
				const tolerance = 2 ** -23 * Math.abs(after[index]!) + 1e-3 * learningRate
				expect(Math.abs(value - after[index]!), `${name}[${index}]`).toBeLessThan(tolerance)
			}
		}
		await text.release()
		await image.release()
	})
})
