import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { elementCount, float32, type Tensor, tensor } from '../core/tensor.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { tinyClip } from '../methods/tuning/tiny.test.support.js'
import { grad, ops } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'
import { generator } from '../random/counter-based.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { logScale } from '../vlm/model.js'
import { similarityLogits } from '../vlm/similarity.js'
import { initialParameters, parameterInputs } from './defense.js'
import { doubleClip, doubles } from './golden.test.support.js'
import { defenses, prepareDefense } from './registry.js'
import { noisyPictures, promptFeeds } from './tower-features.test.support.js'
import { tuningLosses } from './tuning-losses.js'

/** Small counts of vectors, where the defaults do not fit the tiny model's context. */
const small: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
	coop: { textPrompts: 3 },
	advpt: { textPrompts: 3 },
	'advpt-e2e': { textPrompts: 3 },
	nap: { textPrompts: 2, visualPrompts: 2 },
	cocoop: { reduction: 2 },
}
const nap = { textPrompts: 2, visualPrompts: 2, refineFirst: true }
const variants: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
	['nap with joint coupling', 'nap', { ...nap, coupling: 'joint' }],
	[
		'nap with gates, kept length and ensembles',
		'nap',
		{ ...nap, refinerGate: 'token', refinerNorm: 'preserve', refinerEnsemble: 2 },
	],
]
const learning = [...defenses.keys()]
	.filter((name) => name !== 'vanilla')
	.map((name) => [name, name, small[name] ?? {}] as const)

/** Half the distance between the two points of a central difference: short, so that hardly any ReLU bends in between. */
const step = 1e-7

describe('gradients of every parameter against central differences in float64', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	it.each([...learning, ...variants])('%s', async (_, name, options) => {
		const stored = await tinyClip(await temporaryFolder())
		const clip = doubleClip(stored.config, stored.tokenizer)
		const { file } = stored.checkpoint.weights.get('logit_scale')!
		const defense = prepareDefense(name, stored, ['cat', 'dog', 'delivery truck'], options)
		const bound = prepareDefense(name, clip, ['cat', 'dog', 'delivery truck'], options)
		const { lookup, used } = parameterInputs(bound, 'float64')
		const { length } = bound.prompts
		const image = bound.imageFeatures(ops.input('pixels', 'float64', ['B', 3, 16, 16]), lookup).features
		const text = bound.textFeatures(
			ops.input('ids', 'int64', ['R', length]),
			ops.input('endPosition', 'float64', ['R', length]),
			lookup,
		)
		const labels = ops.input('labels', 'int64', ['B'])
		const side = (features: Value, texts: Value) => ({
			features,
			logits: similarityLogits(features, texts, logScale(clip)),
		})
		const own = side(image, bound.textFeaturesOfImages?.(image, lookup) ?? text)
		const { teacher } = bound
		const loss = ops.reduceSum(
			teacher
				? tuningLosses.get('apd')!.build({
						clean: own,
						adversarial: own,
						teacher: side(
							teacher.imageFeatures(ops.input('pixels', 'float64', ['B', 3, 16, 16]), lookup).features,
							teacher.textFeatures(
								ops.input('ids', 'int64', ['R', length]),
								ops.input('endPosition', 'float64', ['R', length]),
								lookup,
							),
						),
						labels,
						alpha: ops.cast(ops.literal(float32([], [1.5])), 'float64'),
						adversarialHalf: own.logits,
					})
				: ops.crossEntropy(own.logits, labels),
		)
		const names = [...used.keys()]
		expect(names.sort()).toEqual([...defense.parameters.keys()].sort())
		const gradients = grad(
			loss,
			names.map((parameter) => used.get(parameter)!),
		)
		const program = await engine.compile({
			loss,
			...Object.fromEntries(names.map((parameter, at) => [`gradient/${parameter}`, gradients[at]!])),
		})
		const wide = ({ shape, data }: Tensor) => tensor('float64', shape, Float64Array.from(data as Float32Array))
		const { ids, endPosition } = promptFeeds(bound)
		// Drawn wider than they start, so that all of them matter.
		const stream = generator(9, 'widened')
		const start = Object.fromEntries(
			Object.entries(await initialParameters(defense, 6)).map(([parameter, { shape, data }]) => {
				const widened = Float64Array.from(data, (value) => value + 0.2 * stream.normal())
				return [parameter, tensor('float64', shape, widened)]
			}),
		)
		const feeds: Record<string, Tensor> = {
			...Object.fromEntries(await doubles(file)),
			...start,
			pixels: wide(noisyPictures(stored, 2)),
			labels: tensor('int64', [2], BigInt64Array.of(1n, 2n)),
			ids,
			endPosition: wide(endPosition),
		}
		const needed = new Set(program.inputs)
		const run = (changed: Record<string, Tensor>, outputs?: readonly string[]) =>
			program.run(
				Object.fromEntries(Object.entries({ ...feeds, ...changed }).filter(([key]) => needed.has(key))),
				outputs && { outputs },
			)
		const here = await run({})
		for (const parameter of names) {
			const { shape, data } = start[parameter]!
			const direction = Float64Array.from({ length: elementCount(shape) }, () => stream.normal())
			const at = async (offset: number) => {
				const moved = data.map((value, index) => value + offset * direction[index]!)
				const { loss } = await run({ [parameter]: tensor('float64', shape, moved) }, ['loss'])
				return Number(loss!.data[0])
			}
			const slope = ((await at(step)) - (await at(-step))) / (2 * step)
			const gradient = here[`gradient/${parameter}`]!.data as Float64Array
			const expected = gradient.reduce((sum, value, index) => sum + value * direction[index]!, 0)
			// The loss is rounded at 1e-15, which the difference divides by 2e-7.
			expect(Math.abs(slope - expected), parameter).toBeLessThan(1e-6 * (1 + Math.abs(expected)))
			// A softmax over keys does not change where all keys move alike.
			if (parameter.endsWith('.k_proj.bias')) expect(Math.abs(expected), parameter).toBeLessThan(1e-12)
			else expect(Math.abs(expected), parameter).toBeGreaterThan(1e-5)
		}
		await program.release()
	})

	it('vanilla has none', async () => {
		expect(prepareDefense('vanilla', await tinyClip(await temporaryFolder()), ['cat', 'dog']).parameters.size).toBe(0)
	})
})
