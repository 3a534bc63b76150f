import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apgd, apgdRounds } from '../attacks/algorithms/apgd/apgd.js'
import { apgdSchema } from '../attacks/algorithms/apgd/apgd-options.js'
import { pgd } from '../attacks/algorithms/pgd/pgd.js'
import { prepareAttack } from '../attacks/registry.js'
import { attackBatch } from '../attacks/run/attack-batch.js'
import { rowsOf } from '../attacks/run/attack-round.js'
import { imageStreams } from '../attacks/run/image-streams.js'
import { range, takeRows } from '../core/rows.js'
import { relativeError } from '../files/golden.test.support.js'
import { int64, ops } from '../onnx/index.js'
import { createEngine, type Engine } from '../runtime/index.js'
import type { AttackBatch } from './attack-batch.js'
import type { Classifier } from './classifier.js'
import { decorate } from './decorate.js'
import { expectedGradient } from './expected-gradient.js'
import { createGraphClassifier, type GraphClassifier } from './graph-classifier.js'
import { imageShape, networkGraph, noise, randomBatch } from './graphs.test.support.js'
import { marginObjective } from './objectives/margin-objectives.js'
import { predictions } from './predictions.js'

const streams = imageStreams(1)
const threat = { norm: 'linf', epsilon: 0.03 } as const
let engine: Engine
let graph: GraphClassifier
/** Adds normal noise to the pixels, the same to all images. */
let randomised: Classifier
/** Draws that were asked for, in order. */
let drawn: number[] = []
let batch: AttackBatch

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	const network = networkGraph(5)
	const shift = (index: number) => ({ shift: noise(imageShape, `draw ${index}`, 0.05) })
	graph = await createGraphClassifier({
		engine,
		classNames: ['a', 'b', 'c', 'd', 'e'],
		imageShape,
		build: (pixels) => network(ops.add(pixels, ops.input('shift', 'float32', imageShape))),
		feeds: shift(0),
	})
	randomised = decorate(graph, {
		draw(index) {
			drawn.push(index)
			return graph.withFeeds(shift(index))
		},
	})
	const random = randomBatch(range(0, 12).map(() => 0))
	const { logits } = await graph.evaluate(random.images, ['logits'])
	batch = { ...random, labels: predictions(logits!, random.ids) }
})
afterAll(() => engine.close())

describe('the expected gradient', () => {
	const side = () => ({ labels: int64([batch.labels.length], batch.labels) })

	it('is the mean over fresh draws, with losses and taps of the last one', async () => {
		drawn = []
		const mean = await expectedGradient(randomised, 3)(2, batch.images, marginObjective, side())
		expect(drawn).toEqual([7, 8, 9])
		const each = await Promise.all(
			[7, 8, 9].map((index) => randomised.draw!(index).gradient(batch.images, marginObjective, side())),
		)
		const expected = each[0]!.gradient.data.map(
			(_, at) => each.reduce((sum, { gradient }) => sum + gradient.data[at]!, 0) / 3,
		)
		expect(relativeError(mean.gradient.data, expected)).toBeLessThan(1e-6)
		expect(relativeError(each[2]!.gradient.data, expected)).toBeGreaterThan(1e-3)
		expect(mean.loss.data).toEqual(each[2]!.loss.data)
		expect(mean.taps.logits!.data).toEqual(each[2]!.taps.logits!.data)
	})

	it('is the plain gradient for one sample, and for a classifier without draws', async () => {
		drawn = []
		const plain = await graph.gradient(batch.images, marginObjective, side())
		for (const gradient of [expectedGradient(randomised, 1), expectedGradient(graph, 20)]) {
			expect(await gradient(4, batch.images, marginObjective, side())).toEqual(plain)
		}
		expect(drawn).toEqual([])
	})
})

describe('attacks on a randomised classifier', () => {
	it.each(['apgd', 'pgd'] as const)(
		'%s averages over draws that are neither repeated nor the deployed one',
		async (name) => {
			drawn = []
			const attack = name === 'apgd' ? apgd : pgd
			const images = await attackBatch(attack.prepare({ steps: 4, eotSamples: 3 }), randomised, batch, threat, streams)
			const steps = name === 'apgd' ? 5 : 4
			expect(drawn).toEqual(range(1, 3 * steps + 1))
			const { logits } = await randomised.evaluate(images, ['logits'])
			const fooled = predictions(logits!, batch.ids).filter((predicted, row) => predicted !== batch.labels[row])
			expect(fooled.length).toBeGreaterThan(3)
			expect(images.data).not.toEqual(
				(await attackBatch(attack.prepare({ steps: 4 }), randomised, batch, threat, streams)).data,
			)
			for (const rows of [[4], range(0, 12).reverse()]) {
				const part = await attackBatch(
					attack.prepare({ steps: 4, eotSamples: 3 }),
					randomised,
					rowsOf(batch, rows),
					threat,
					streams,
				)
				expect(part.data).toEqual(takeRows(images, rows).data)
			}
		},
	)

	it.each(['apgd', 'pgd'] as const)('%s saves the passes where nothing is random', async (name) => {
		const attack = name === 'apgd' ? apgd : pgd
		const run = (eotSamples: number) =>
			attackBatch(attack.prepare({ steps: 3, eotSamples }), graph, batch, threat, streams)
		expect((await run(5)).data).toEqual((await run(1)).data)
	})

	it('say how many passes they take, and record samples of PGD only where there are several', () => {
		expect(apgdRounds(apgdSchema.parse({ steps: 10, eotSamples: 20 }), 5)[0]!.cost.gradients).toBe(220)
		expect(prepareAttack('pgd-20', { eotSamples: 3 }).rounds(5)[0]!.cost.gradients).toBe(60)
		expect(prepareAttack('pgd-20', { eotSamples: 3 }).options.eotSamples).toBe(3)
		expect(prepareAttack('pgd-20', { eotSamples: 1 }).options).toEqual(prepareAttack('pgd-20').options)
		expect(prepareAttack('pgd-20').options).not.toHaveProperty('eotSamples')
	})
})
