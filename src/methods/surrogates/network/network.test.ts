import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { relativeError } from '../../../files/golden.test.support.js'
import { float32, ops, serializeModel, type Tensor, type Value } from '../../../onnx/index.js'
import { generator } from '../../../random/counter-based.js'
import { createEngine, type ModelEngine } from '../../../runtime/index.js'
import { finishedClassifier } from '../classifier-programs.js'
import { families } from '../families/registry.js'
import { classifierRecipe } from '../recipe.js'
import { foldedLayers } from './folded-layers.js'
import { initialParameters } from './initial-values.js'
import { classifierNetwork, type NetworkGeometry, substituteNetwork } from './network.js'
import { networkForms, shapesOf } from './network-forms.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

const statistics = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] }

function noise(shape: readonly number[], seed: number, low: number, high: number): Tensor<'float32'> {
	const stream = generator(seed, 'noise')
	const data = Float32Array.from(
		{ length: shape.reduce((a, b) => a * b, 1) },
		() => low + (high - low) * stream.uniform(),
	)
	return float32(shape, data)
}

/** Weights with running averages and affine parameters that are not what training starts from. */
function seasoned(shapes: ReadonlyMap<string, readonly number[]>): Record<string, Tensor<'float32'>> {
	const learned = [...shapes].filter(([name]) => !/(mean|variance)$/.test(name))
	const weights = initialParameters(new Map(learned), 3)
	let seed = 0
	for (const [name, shape] of shapes) {
		if (/(scale|variance)$/.test(name)) weights[name] = noise(shape, seed++, 0.5, 1.5)
		if (/(shift|mean|bias)$/.test(name)) weights[name] = noise(shape, seed++, -0.3, 0.3)
	}
	return weights
}

async function run(outputs: Record<string, Value>, feeds: Record<string, Tensor>) {
	const program = await engine.compile(outputs)
	const used = new Set(program.inputs)
	const results = await program.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => used.has(name))))
	await program.release()
	return results as Record<string, Tensor<'float32'>>
}

describe.each([...families.values()])('a network of the family $name', ({ name, width, blocks }) => {
	const geometry: NetworkGeometry = { family: name, width, blocks, imageSize: 16 }
	const pixels = ops.input('pixels', 'float32', ['B', 3, 16, 16])
	const forms = networkForms()
	const evaluation = classifierNetwork(forms.evaluation(), pixels, geometry, statistics, 4)
	const weights = seasoned(shapesOf(new Map([...forms.parameters, ...forms.averages])))
	const images = noise([5, 3, 16, 16], 9, 0, 1)

	it('gives the same with normalisation folded into its weights, and in a file that others read', async () => {
		const expected = await run({ ...evaluation }, { pixels: images, ...weights })
		const recipe = classifierRecipe({ ...geometry, blocks: [...blocks] })
		const finished = finishedClassifier(recipe, statistics, 4, weights)
		const { bytes } = serializeModel({ ...finished })
		const session = await InferenceSession.create(bytes)
		const results = await session.run({ pixels: new OrtTensor('float32', images.data, [5, 3, 16, 16]) })
		for (const output of ['logits', 'features'] as const) {
			const { dims, data } = results[output]!
			expect(dims).toEqual(expected[output]!.shape)
			expect(relativeError(data as Float32Array, expected[output]!.data), output).toBeLessThan(1e-5)
		}
		expect(results.logits!.dims).toEqual([5, 4])
		// The end of the second stage: half the resolution, twice the width.
		expect(results.features!.dims).toEqual([5, 2 * width, 8, 8])
		await session.release()
	})

	it('gives an image the same bytes in every batch', async () => {
		const program = await engine.compile({
			logits: classifierNetwork(foldedLayers(weights), pixels, geometry, statistics, 4).logits,
		})
		const rows = async (from: number, to: number) => {
			const part = images.data.slice(from * 768, to * 768)
			return (await program.run({ pixels: float32([to - from, 3, 16, 16], part) })).logits!.data as Float32Array
		}
		const whole = await rows(0, 5)
		expect([...(await rows(1, 3))]).toEqual([...whole.subarray(4, 12)])
		expect([...(await rows(2, 5))]).toEqual([...whole.subarray(8, 20)])
		await program.release()
	})

	it('takes larger images down to a first stage of 32 to 63 pixels', () => {
		const sizes = [32, 64, 100, 128, 224].map((imageSize) => {
			const input = ops.input('pixels', 'float32', ['B', 3, imageSize, imageSize])
			const { features } = classifierNetwork(
				networkForms().evaluation(),
				input,
				{ ...geometry, imageSize },
				statistics,
				4,
			)
			return features.shape[2]
		})
		expect(sizes).toEqual([16, 16, 25, 16, 28])
	})
})

it('embeds images at length 1', async () => {
	const geometry = { family: 'residual', width: 4, blocks: [1, 1], imageSize: 8 }
	const pixels = ops.input('pixels', 'float32', ['B', 3, 8, 8])
	const forms = networkForms()
	const { embedding } = substituteNetwork(forms.evaluation(), pixels, geometry, 16)
	const weights = seasoned(shapesOf(new Map([...forms.parameters, ...forms.averages])))
	const results = await run({ embedding }, { pixels: noise([3, 3, 8, 8], 5, 0, 1), ...weights })
	for (let row = 0; row < 3; row++) {
		const own = results.embedding!.data.subarray(row * 16, (row + 1) * 16)
		expect(Math.hypot(...own)).toBeCloseTo(1, 5)
	}
})

it('refuses images that are too small for the stages', () => {
	const geometry = { family: 'plain', width: 2, blocks: [1, 1, 1], imageSize: 8 }
	const pixels = ops.input('pixels', 'float32', ['B', 3, 8, 8])
	expect(() => classifierNetwork(networkForms().evaluation(), pixels, geometry, statistics, 2)).toThrow(
		'too small for 3 stages; give at least 16',
	)
})
