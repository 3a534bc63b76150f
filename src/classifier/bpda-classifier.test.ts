import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgd } from '../attacks/algorithms/pgd/pgd.js'
import { attackBatch } from '../attacks/run/attack-batch.js'
import { imageStreams } from '../attacks/run/image-streams.js'
import { range } from '../core/rows.js'
import { int64, ops, type Value } from '../onnx/index.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { bpdaClassifier } from './bpda-classifier.js'
import type { Classifier } from './classifier.js'
import { decorate } from './decorate.js'
import { createGraphClassifier } from './graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from './graphs.test.support.js'
import { hiddenDraws } from './hidden-draws.js'
import { crossEntropyObjective } from './objectives/objective.js'
import { predictions } from './predictions.js'

const classNames = ['a', 'b', 'c', 'd', 'e']
const threat = { norm: 'linf', epsilon: 0.1 } as const
const random = randomBatch(range(0, 30).map(() => 0))

let engine: Engine
/** Rounds pixels to 9 levels before the network sees them: its gradient is 0 everywhere. */
let quantising: Classifier
let smooth: Classifier
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	const network = networkGraph(5)
	const make = (build: (pixels: Value) => Record<string, Value>) =>
		createGraphClassifier({ engine, classNames, imageShape, build })
	quantising = await make((pixels) => network(ops.div(ops.round(ops.mul(pixels, 8)), 8)))
	smooth = await make(network)
})
afterAll(() => engine.close())

describe('a stand-in for gradients', () => {
	it('fools a quantising model that plain PGD cannot', async () => {
		const predict = async (images = random.images) =>
			predictions((await quantising.evaluate(images, ['logits'])).logits!, random.ids)
		const batch = { ...random, labels: await predict() }
		const fooled = async (classifier: Classifier) => {
			const images = await attackBatch(
				pgd.prepare({ steps: 20, start: 'zero' }),
				classifier,
				batch,
				threat,
				imageStreams(1),
			)
			return (await predict(images)).filter((predicted, row) => predicted !== batch.labels[row]).length
		}
		expect(await fooled(quantising)).toBe(0)
		expect(await fooled(bpdaClassifier(quantising, smooth))).toBeGreaterThan(20)
	})

	it("gives the real model's taps with the stand-in's losses and gradient", async () => {
		const labels = random.ids.map((_, row) => row % 5)
		const side = { labels: int64([30], labels) }
		const seen = await bpdaClassifier(quantising, smooth).gradient(random.images, crossEntropyObjective, side)
		const real = await quantising.evaluate(random.images, ['logits'])
		const expected = await smooth.gradient(random.images, crossEntropyObjective, side)
		expect(seen.taps).toEqual(real)
		expect(seen.taps).not.toEqual(expected.taps)
		expect([seen.loss, seen.gradient]).toEqual([expected.loss, expected.gradient])
	})

	it('draws as either of the two does, and only then', async () => {
		expect(bpdaClassifier(quantising, smooth).draw).toBeUndefined()
		const randomised = hiddenDraws(
			(index) => (index === 0 ? quantising : smooth),
			async () => {},
		)
		const drawn = bpdaClassifier(randomised, quantising).draw!(4)
		expect(await drawn.evaluate(random.images, ['logits'])).toEqual(await smooth.evaluate(random.images, ['logits']))
	})

	it('is refused where it does not look like the model', async () => {
		const other = decorate(smooth, { classNames: ['a', 'b', 'c', 'd', 'f'] })
		expect(() => bpdaClassifier(quantising, other)).toThrow(
			/must have the images and classes.*d, e, the stand-in.*d, f/,
		)
	})
})
