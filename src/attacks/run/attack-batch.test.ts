import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier } from '../../classifier/classifier.js'
import { counted } from '../../classifier/counted.test.support.js'
import { createGraphClassifier } from '../../classifier/graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from '../../classifier/graphs.test.support.js'
import { predict } from '../../classifier/predictions.js'
import { range, takeRows } from '../../core/rows.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { prepareAttack } from '../registry.js'
import { attackBatch } from './attack-batch.js'
import { imageStreams } from './image-streams.js'

const count = 20
const random = randomBatch(range(0, count).map(() => 0))
const streams = imageStreams(4)
const threat = { norm: 'linf', epsilon: 0.03 } as const

let engine: Engine
let classifier: Classifier
/** Every fourth image is labelled otherwise than it is classified. */
let batch: AttackBatch
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	classifier = await createGraphClassifier({
		engine,
		classNames: ['a', 'b', 'c', 'd'],
		imageShape,
		build: networkGraph(4),
	})
	const predicted = await predict(classifier, random.images, random.ids)
	batch = { ...random, labels: predicted.map((label, row) => (row % 4 === 0 ? (label + 1) % 4 : label)) }
})
afterAll(() => engine.close())

describe('attackBatch', () => {
	it('makes no predictions where nothing depends on them', async () => {
		const { classifier: counting, calls } = counted(classifier)
		const images = await attackBatch(prepareAttack('pgd', { steps: 3 }), counting, batch, threat, streams)
		expect(calls).toEqual({ evaluations: 0, gradients: 3, images: 3 * count })
		// Those that are wrong when clean are attacked, too.
		expect(takeRows(images, [0])).not.toEqual(takeRows(batch.images, [0]))
	})

	it('gives back clean what is wrong already and what nothing fools, and the rest as the round that fooled', async () => {
		const attack = prepareAttack('apgd-ce', { steps: 5, restarts: 3 })
		const images = await attackBatch(attack, classifier, batch, threat, streams)
		const predicted = await predict(classifier, images, batch.ids)
		const rounds = attack.rounds(4)
		const candidates = await Promise.all(rounds.map((round) => round.run(classifier, batch, threat, streams)))
		const fates = await Promise.all(candidates.map((one) => predict(classifier, one, batch.ids)))
		const fooled = range(0, count).filter((row) => row % 4 !== 0 && predicted[row] !== batch.labels[row])
		expect(fooled.length).toBeGreaterThan(2)
		expect(fooled.length).toBeLessThan(15)
		for (const row of range(0, count)) {
			const first = row % 4 === 0 ? -1 : fates.findIndex((fate) => fate[row] !== batch.labels[row])
			expect(takeRows(images, [row])).toEqual(takeRows(candidates[first] ?? batch.images, [row]))
		}
	})

	it('leaves a target that is reached alone, and goes on until it is', async () => {
		const targets = batch.labels.map((_, row) => row % 4)
		const attack = prepareAttack('square', { queries: 15, restarts: 3, targeted: true })
		const wide = { norm: 'linf', epsilon: 0.1 } as const
		const images = await attackBatch(attack, classifier, { ...batch, labels: targets }, wide, streams)
		const [before, after] = [
			await predict(classifier, batch.images, batch.ids),
			await predict(classifier, images, batch.ids),
		]
		const reached = range(0, count).filter((row) => after[row] === targets[row])
		expect(reached.length).toBeGreaterThan(range(0, count).filter((row) => before[row] === targets[row]).length)
		for (const row of range(0, count)) {
			const clean = before[row] === targets[row] || after[row] !== targets[row]
			if (clean) expect(takeRows(images, [row])).toEqual(takeRows(batch.images, [row]))
		}
	})

	it('hands out storage of its own, and asks nothing at epsilon 0', async () => {
		for (const name of ['pgd-5', 'apgd-t', 'square']) {
			const { classifier: counting, calls } = counted(classifier)
			const images = await attackBatch(prepareAttack(name), counting, batch, { norm: 'l2', epsilon: 0 }, streams)
			expect(images).toEqual(batch.images)
			expect(images.data).not.toBe(batch.images.data)
			expect(calls.images).toBe(0)
		}
	})

	it('refuses bad input before anything is asked, also where all images are wrong', async () => {
		const { classifier: counting, calls } = counted(classifier)
		const attack = prepareAttack('apgd-ce', { steps: 2 })
		const wrong = { ...batch, labels: batch.labels.map(() => 9) }
		await expect(attackBatch(attack, counting, wrong, threat, streams)).rejects.toThrow(/is 9; .* 0 to 3/)
		const none = { ...batch, labels: batch.labels.map((label) => (label + 2) % 4) }
		const cwa = prepareAttack('cwa')
		await expect(attackBatch(cwa, counting, none, { norm: 'l2', epsilon: 1 }, streams)).rejects.toThrow(
			'Attack cwa works in linf, not in l2.',
		)
		await expect(attackBatch(attack, counting, none, { norm: 'linf', epsilon: 2 }, streams)).rejects.toThrow(/Epsilon/)
		expect(calls.images).toBe(0)
	})
})
