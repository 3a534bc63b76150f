import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { familyFixture, openClipFolder, openFamily, withNanoTokenizer } from '../checkpoints/families.test.support.js'
import { at, entry, present } from '../core/at.js'
import { float32, type Tensor, tensor } from '../core/tensor.js'
import { doublesOf, relativeError } from '../files/golden.test.support.js'
import { grad, ops } from '../onnx/index.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import type { ClipModel } from '../vlm/model.js'
import { classLogits } from '../vlm/towers.js'
import { parameterInputs } from './defense.js'
import { prepareDefense } from './registry.js'
import { tuningLosses } from './tuning-losses.js'

const classes = ['a', 'b', 'c', 'd', 'e']
const places: readonly (readonly [string, () => Promise<string>])[] = [
	['open-clip', () => openClipFolder()],
	['siglip', async () => familyFixture('siglip')],
]
/** The same networks from other files. */
const files: readonly (readonly [string, () => Promise<string>])[] = [
	['open-clip-gelu', () => openClipFolder('open-clip-gelu')],
	['openai', async () => withNanoTokenizer('openai.pt')],
	['image-tower', async () => `${await openClipFolder()}?vision-weights=${familyFixture('image-tower.pt')}`],
]

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

describe.each([...places, ...files])('one step of NAP on %s', (name, place) => {
	it('is what PyTorch computes in float64: both losses and all gradients', async () => {
		const { clip } = await openFamily(await place())
		// The engine has no exact GELU in float64.
		const exact = clip.config.vision.activation !== 'gelu'
		const real = exact ? 'float64' : 'float32'
		const doubles: ClipModel = { ...clip, weights: (weight, shape) => ops.cast(clip.weights(weight, shape), real) }
		const golden = await doublesOf(familyFixture(`nap-${name}.safetensors`))
		const defense = prepareDefense('nap', doubles, classes, {
			promptDepth: clip.config.vision.layers,
			textPrompts: 3,
			visualPrompts: 3,
		})
		const { lookup, used } = parameterInputs(defense, real)
		const ids = entry(golden, 'input_ids')
		const length = ids.length / 5
		const size = clip.config.vision.imageSize
		const last = clip.config.text.eosRule === 'last'
		const images = [3, 3, size, size]
		const text = defense.textFeatures(
			ops.input('ids', 'int64', [5, length]),
			ops.input('end', real, [5, length]),
			lookup,
		)
		const side = (input: string) => {
			const { features } = defense.imageFeatures(ops.input(input, real, images), lookup)
			return { features, logits: classLogits(doubles, features, text) }
		}
		const labels = ops.input('labels', 'int64', [3])
		const [clean, adversarial] = [side('clean'), side('adversarial')]
		const loss = entry(tuningLosses, 'clean-plus-adversarial').build({
			clean,
			adversarial,
			labels,
			alpha: ops.input('alpha', real, []),
			adversarialHalf: ops.input('half', real, [3]),
		})
		const total = ops.reduceMean(loss, [0])
		const parameters = [...used]
		const gradients = grad(
			total,
			parameters.map(([, value]) => value),
		)
		const program = await engine.compile({
			total,
			...Object.fromEntries(parameters.map(([key], index) => [`d/${key}`, present(gradients[index], 'gradient')])),
		})
		const double = (shape: readonly number[], values: readonly number[]) =>
			exact ? tensor('float64', shape, Float64Array.from(values)) : float32(shape, Float32Array.from(values))
		const ends = Array.from({ length: 5 }, (_, row) => {
			const own = ids.slice(row * length, (row + 1) * length)
			return last ? length - 1 : own.indexOf(Math.max(...own))
		})
		const feeds: Record<string, Tensor> = {
			clean: double(images, entry(golden, 'clean')),
			adversarial: double(images, entry(golden, 'adversarial')),
			alpha: double([], entry(golden, 'alpha')),
			labels: tensor('int64', [3], BigInt64Array.of(3n, 0n, 2n)),
			ids: tensor('int64', [5, length], BigInt64Array.from(ids, BigInt)),
			end: double(
				[5, length],
				ids.map((_, index) => (at(ends, Math.floor(index / length)) === index % length ? 1 : 0)),
			),
		}
		for (const [key, { shape }] of defense.parameters) {
			feeds[key] = double(shape, entry(golden, `parameter.${key}`))
		}
		expect(parameters.map(([key]) => key).sort()).toEqual([...defense.parameters.keys()].sort())
		const found = await program.run(feeds)
		const values = (key: string) => (found[key] as Tensor<'float32' | 'float64'>).data
		expect(relativeError(values('total'), entry(golden, 'total'))).toBeLessThan(exact ? 1e-8 : 1e-6)
		for (const [key] of parameters) {
			expect(relativeError(values(`d/${key}`), entry(golden, `gradient.${key}`)), key).toBeLessThan(exact ? 1e-7 : 1e-5)
		}
		await program.release()
	})
})

describe.each(places)('methods on %s', (name, place) => {
	it.each(['advpt-v', 'advpt-vli', 'advpt-vlj', 'fap', 'coop'])(
		'is no special case: %s has gradients to all it learns',
		async (method) => {
			const { clip } = await openFamily(await place())
			const defense = prepareDefense(method, clip, classes, method === 'coop' ? { textPrompts: 3 } : {})
			const { lookup, used } = parameterInputs(defense)
			const size = clip.config.vision.imageSize
			const { features } = defense.imageFeatures(ops.input('pixels', 'float32', [2, 3, size, size]), lookup)
			const shape = [5, defense.prompts.length]
			const text = defense.textFeatures(ops.input('ids', 'int64', shape), ops.input('end', 'float32', shape), lookup)
			const loss = ops.reduceSum(classLogits(clip, features, text))
			expect([...used.keys()].sort()).toEqual([...defense.parameters.keys()].sort())
			const gradients = grad(loss, [...used.values()])
			for (const [index, value] of [...used.values()].entries()) expect(gradients[index]?.shape).toEqual(value.shape)
		},
	)

	it('NAP stands where the tower has its prompts, and traces all shapes', async () => {
		const { clip } = await openFamily(await place())
		const { layout, prompts } = prepareDefense('nap', clip, classes, { textPrompts: 3, visualPrompts: 2 })
		const siglip = name === 'siglip'
		expect(layout.image).toHaveLength(3)
		expect(at(layout.image, 1)).toEqual({ tokens: siglip ? 4 : 5, prompts: 2, ownPrompts: true, changed: true })
		expect(prompts.length).toBe(siglip ? 20 : at(layout.text, 0).tokens + 3)
		expect([...prompts.endPositions]).toEqual(siglip ? new Array(5).fill(19) : expect.any(Array))
	})
})
