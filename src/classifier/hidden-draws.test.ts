import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgd } from '../attacks/algorithms/pgd/pgd.js'
import { attackBatch } from '../attacks/run/attack-batch.js'
import { imageStreams } from '../attacks/run/image-streams.js'
import { int64, ops } from '../onnx/index.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { createGraphClassifier, type GraphClassifier } from './graph-classifier.js'
import { imageShape, networkGraph, noise, randomBatch } from './graphs.test.support.js'
import { hiddenDraws } from './hidden-draws.js'
import { crossEntropyObjective } from './objectives/objective.js'
import { predictions } from './predictions.js'

const labels = [0, 1, 2, 1]
const batch = randomBatch(labels)
const side = { labels: int64([4], labels) }
const shift = (index: number) => ({ shift: noise(imageShape, `draw ${index}`, 0.1) })

let engine: Engine
let graph: GraphClassifier
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	const network = networkGraph(3)
	graph = await createGraphClassifier({
		engine,
		classNames: ['a', 'b', 'c'],
		imageShape,
		build: (pixels) => network(ops.add(pixels, ops.input('shift', 'float32', imageShape))),
	})
})
afterAll(() => engine.close())

/** With a record of the draws that were asked for. */
function randomised() {
	const asked: number[] = []
	const classifier = hiddenDraws(
		(index) => {
			asked.push(index)
			return graph.withFeeds(shift(index))
		},
		async () => {
			asked.push(-1)
		},
	)
	return { classifier, asked }
}

describe('a classifier with hidden draws', () => {
	it('is evaluated with draw 0, and tells the gradient of draw 1 with its losses and taps', async () => {
		const { classifier } = randomised()
		const at = (index: number) => graph.withFeeds(shift(index))
		const [zero, one] = [at(0), at(1)]
		expect(await classifier.evaluate(batch.images, ['logits'])).toEqual(await zero.evaluate(batch.images, ['logits']))
		const told = await classifier.gradient(batch.images, crossEntropyObjective, side)
		expect(told).toEqual(await one.gradient(batch.images, crossEntropyObjective, side))
		expect(told).not.toEqual(await zero.gradient(batch.images, crossEntropyObjective, side))
		const first = classifier.draw(0)
		expect(await first.evaluate(batch.images, ['logits'])).toEqual(await zero.evaluate(batch.images, ['logits']))
		expect(await first.gradient(batch.images, crossEntropyObjective, side)).toEqual(told)
		const third = classifier.draw(3)
		expect(await third.gradient(batch.images, crossEntropyObjective, side)).toEqual(
			await at(3).gradient(batch.images, crossEntropyObjective, side),
		)
	})

	it('draws once for the gradients of a whole attack, and releases the original alone', async () => {
		const { classifier, asked } = randomised()
		await attackBatch(pgd.prepare({ steps: 4 }), classifier, batch, { norm: 'linf', epsilon: 0.1 }, imageStreams(1))
		expect(asked).toEqual([0, 1])
		await classifier.draw(2).release()
		await classifier.draw(0).release()
		expect(asked).toEqual([0, 1, 2])
		await classifier.release()
		expect(asked).toEqual([0, 1, 2, -1])
	})

	it('is fooled by restarts of PGD as it is deployed, not as it was guessed', async () => {
		const { classifier } = randomised()
		const many = randomBatch(Array.from({ length: 24 }, () => 0))
		const classes = async (images: typeof many.images) =>
			predictions((await classifier.evaluate(images, ['logits'])).logits!, many.ids)
		const own = { ...many, labels: await classes(many.images) }
		const threat = { norm: 'linf', epsilon: 0.03 } as const
		const still = async (restarts: number) => {
			const images = await attackBatch(pgd.prepare({ steps: 4, restarts }), classifier, own, threat, imageStreams(1))
			return (await classes(images)).map((predicted, row) => predicted === own.labels[row])
		}
		const [one, four] = [await still(1), await still(4)]
		// What one start breaks stays broken, and more starts break more.
		expect(four.filter((right, row) => right && !one[row])).toEqual([])
		expect(four.filter(Boolean).length).toBeLessThan(one.filter(Boolean).length)
	})

	it.each([-1, 0.5, Number.NaN])('has no draw %d', (index) => {
		expect(() => randomised().classifier.draw(index)).toThrow(/whole number of at least 0/)
	})
})
