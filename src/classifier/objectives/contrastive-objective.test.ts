import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgd } from '../../attacks/algorithms/pgd/pgd.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { range, takeRows } from '../../core/rows.js'
import { int64, ops } from '../../onnx/index.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { createGraphClassifier, type GraphClassifier } from '../graph-classifier.js'
import { imageShape, linearGraph, networkGraph, noise, pixelCount, randomBatch } from '../graphs.test.support.js'
import { contrastiveObjective, contrastiveSide } from './contrastive-objective.js'
import { crossEntropyObjective } from './objective.js'

const texts = ['a', 'b', 'c', 'd', 'e']
const own = [[2], [0, 3], [0, 1, 2, 3, 4], [4, 1]]
const batch = randomBatch(own.map((positions) => positions[0]!))
const side = contrastiveSide(5, (id) => own[batch.ids.indexOf(id)]!)
const objective = contrastiveObjective(5)

let engine: Engine
let network: GraphClassifier
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	network = await createGraphClassifier({ engine, classNames: texts, imageShape, build: networkGraph(5) })
})
afterAll(() => engine.close())

/** Loss and its gradient to the logits in float64, by the definition. */
function expected(logits: readonly number[], positions: readonly number[]) {
	const weights = logits.map(Math.exp)
	const all = weights.reduce((sum, weight) => sum + weight)
	const ours = positions.reduce((sum, at) => sum + weights[at]!, 0)
	const gradient = weights.map((weight, at) => weight / all - (positions.includes(at) ? weight / ours : 0))
	return { loss: -Math.log(ours / all), gradient }
}

describe('contrastiveObjective', () => {
	it('is the loss of its definition', async () => {
		const { loss, taps } = await network.gradient(batch.images, objective, await side(network, batch))
		for (const [row, positions] of own.entries()) {
			const logits = [...taps.logits!.data.subarray(row * 5, (row + 1) * 5)]
			expect(loss.data[row]).toBeCloseTo(expected(logits, positions).loss, 5)
		}
		expect(loss.data[2]).toBeCloseTo(0, 6)
	})

	it('has the gradient of its definition', async () => {
		const weight = noise([5, pixelCount], 'five texts', 0.7)
		const build = linearGraph(ops.literal(weight))
		const linear = await createGraphClassifier({ engine, classNames: texts, imageShape, build })
		const { gradient, taps } = await linear.gradient(batch.images, objective, await side(linear, batch))
		for (const [row, positions] of own.entries()) {
			const logits = [...taps.logits!.data.subarray(row * 5, (row + 1) * 5)]
			const toLogits = expected(logits, positions).gradient
			for (let pixel = 0; pixel < pixelCount; pixel++) {
				const value = toLogits.reduce((sum, own, text) => sum + own * weight.data[text * pixelCount + pixel]!, 0)
				expect(gradient.data[row * pixelCount + pixel]).toBeCloseTo(value, 5)
			}
		}
		await linear.release()
	})

	it('is the cross entropy where every image has one text', async () => {
		const labels = [2, 0, 4, 1]
		const single = contrastiveSide(5, (id) => [labels[batch.ids.indexOf(id)]!])
		const ours = await network.gradient(batch.images, objective, await single(network, batch))
		const theirs = await network.gradient(batch.images, crossEntropyObjective, { labels: int64([4], labels) })
		ours.loss.data.forEach((value, row) => {
			expect(value).toBeCloseTo(theirs.loss.data[row]!, 5)
		})
		ours.gradient.data.forEach((value, at) => {
			expect(value).toBeCloseTo(theirs.gradient.data[at]!, 6)
		})
	})

	it('stays finite for logits as far apart as released models have them', async () => {
		const weight = noise([5, pixelCount], 'far', 60)
		const far = await createGraphClassifier({
			engine,
			classNames: texts,
			imageShape,
			build: linearGraph(ops.literal(weight)),
		})
		const { loss, gradient } = await far.gradient(batch.images, objective, await side(far, batch))
		expect(Math.max(...loss.data)).toBeGreaterThan(100)
		expect([...loss.data, ...gradient.data].every(Number.isFinite)).toBe(true)
		await far.release()
	})

	it('has the same bytes wherever in a batch an image stands', async () => {
		const labels = range(0, 13).map((index) => index % 5)
		const many = randomBatch(labels)
		const several = contrastiveSide(5, (id) => own[many.ids.indexOf(id) % own.length]!)
		const whole = await network.gradient(many.images, objective, await several(network, many))
		const order = [12, 3, 7, 0, 5]
		const part = { images: takeRows(many.images, order), labels: order, ids: order.map((row) => many.ids[row]!) }
		const found = await network.gradient(part.images, objective, await several(network, part))
		expect(found.loss).toEqual(takeRows(whole.loss, order))
		expect(found.gradient).toEqual(takeRows(whole.gradient, order))
	})

	it('is raised by PGD, for images with several texts too', async () => {
		const options = { steps: 10, objective, sideInputs: side }
		const attacked = await attackBatch(
			pgd.prepare(options),
			network,
			batch,
			{ norm: 'linf', epsilon: 0.1 },
			imageStreams(1),
		)
		const inputs = await side(network, batch)
		const before = await network.gradient(batch.images, objective, inputs)
		const after = await network.gradient(attacked, objective, inputs)
		for (const row of [0, 1, 3]) expect(after.loss.data[row]).toBeGreaterThan(before.loss.data[row]! + 0.1)
	})

	it('refuses an image without texts', async () => {
		await expect(contrastiveSide(5, () => [])(network, batch)).rejects.toThrow(/image 0 has no text/)
	})
})
