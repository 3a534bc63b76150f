import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { relativeError } from '../../files/golden.test.support.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { generator } from '../../random/counter-based.js'
import type { Engine, Program } from '../../runtime/engine.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { createGradientSums } from '../../training/gradient-sums.js'
import { computeTextFeatures, createTextSide } from './text-side.js'
import { tinyClip } from './tiny.test.support.js'

const classNames = ['cat', 'dog', 'ship', 'aeroplane', 'frog', 'horse', 'delivery truck']

/** The engine, telling the shapes of what goes through it. */
function watched(engine: Engine, seen: (name: string, shape: readonly number[]) => void): Engine {
	const watch = (program: Program): Program => ({
		...program,
		async run(feeds, options) {
			for (const [name, { shape }] of Object.entries(feeds)) seen(name, shape)
			return program.run(feeds, options)
		},
	})
	return { ...engine, compile: async (outputs, options) => watch(await engine.compile(outputs, options)) }
}

describe('the text side in chunks of classes', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	it('has the features and gradients of the whole, whatever the chunk', async () => {
		const clip = await tinyClip(await temporaryFolder())
		const defense = prepareDefense('nap', clip, classNames, { textPrompts: 3, visualPrompts: 2 })
		const parameters = await initialParameters(defense, 3)
		const stream = generator(4, 'seed')
		const seed = Float32Array.from({ length: 7 * 12 }, () => stream.normal())
		const run = async (chunk: number) => {
			const rows: number[] = []
			const side = await createTextSide(
				watched(engine, (name, shape) => name === 'ids' && rows.push(shape[0]!)),
				defense,
				chunk,
			)
			const features = await side.features(parameters)
			const sums = createGradientSums(defense.parameters)
			await side.backward(parameters, seed, sums.add)
			await side.release()
			return { features, gradients: sums.tensors(), rows }
		}
		const whole = await run(7)
		expect(Object.keys(whole.gradients).sort()).toEqual(
			[...defense.parameters.keys()].filter((name) => name.startsWith('text')).sort(),
		)
		for (const chunk of [1, 2, 3, 100]) {
			const { features, gradients, rows } = await run(chunk)
			expect(features.shape).toEqual([7, 12])
			expect(relativeError(features.data, whole.features.data)).toBeLessThan(1e-6)
			for (const [name, { data }] of Object.entries(gradients)) {
				expect(relativeError(data, whole.gradients[name]!.data), `${name} in chunks of ${chunk}`).toBeLessThan(1e-6)
			}
			// Activations are those of one chunk (two classes at least: one row takes another kernel), so memory does not
			// grow with the number of classes.
			expect(Math.max(...rows)).toBe(Math.max(2, Math.min(chunk, 7)))
		}
		const fixed = await computeTextFeatures(engine, defense, parameters, 3)
		expect(fixed.shape).toEqual([7, 12])
		expect(relativeError(fixed.data, whole.features.data)).toBeLessThan(1e-6)
	})

	it('keeps the templates of a class together', async () => {
		const clip = await tinyClip(await temporaryFolder())
		const options = { templates: ['a photo of a {}.', 'a drawing of a {}.', 'the {}'] }
		const defense = prepareDefense('vanilla', clip, classNames, options)
		const whole = await computeTextFeatures(engine, defense, {}, 7)
		for (const chunk of [1, 2, 5]) {
			const chunked = await computeTextFeatures(engine, defense, {}, chunk)
			expect(relativeError(chunked.data, whole.data)).toBeLessThan(1e-6)
		}
		const side = await createTextSide(engine, defense, 2)
		expect(side.parameters).toEqual([])
		expect(relativeError((await side.features({})).data, whole.data)).toBeLessThan(1e-6)
		await side.backward({}, new Float32Array(7 * 12), () => expect.unreachable())
		await side.release()
	})
})
