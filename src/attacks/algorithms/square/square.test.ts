import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import { imageShape, networkGraph, pixelCount, randomBatch } from '../../../classifier/graphs.test.support.js'
import { predictions } from '../../../classifier/predictions.js'
import { defined } from '../../../core/defined.js'
import { range, takeRows } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { float32, ops, type Value } from '../../../onnx/index.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { attackBatch } from '../../run/attack-batch.js'
import { rowsOf } from '../../run/attack-round.js'
import { imageStreams } from '../../run/image-streams.js'
import { perturbationSizes } from '../../sets/check-perturbation.js'
import type { Norm, ThreatModel } from '../../sets/threat-model.js'
import type { SquareOptions } from './options.js'
import { square } from './square.js'
import { counted } from './square.test.support.js'

const streams = imageStreams(1)
const norms: readonly Norm[] = ['linf', 'l2']
const bytes = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')

let engine: Engine
let network: Classifier
/** 24 images with the network's own predictions as labels. */
let batch: AttackBatch
const make = (classes: number, build: (pixels: Value) => Record<string, Value>) =>
	createGraphClassifier({ engine, classNames: range(0, classes).map(String), imageShape, build })
const predict = async (classifier: Classifier, images: Tensor<'float32'>) =>
	predictions((await classifier.evaluate(images, ['logits'])).logits!, batch.ids)
const labelled = async (classifier: Classifier, count: number): Promise<AttackBatch> => {
	const random = randomBatch(range(0, count).map(() => 0))
	const { logits } = await classifier.evaluate(random.images, ['logits'])
	return { ...random, labels: predictions(logits!, random.ids) }
}
const attack = async (threat: ThreatModel, options: SquareOptions, given = batch, classifier = network) =>
	attackBatch(square.prepare(options), classifier, given, threat, streams)

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	network = await make(5, networkGraph(5))
	batch = await labelled(network, 24)
})
afterAll(() => engine.close())

describe.each(norms)('the Square attack in %s', (norm) => {
	const epsilon = norm === 'linf' ? 0.05 : 0.3
	const threat = { norm, epsilon }

	it('lowers accuracy, the more the larger epsilon and the more queries', async () => {
		const fooled = async (options: SquareOptions, factor = 1) => {
			const images = await attack({ norm, epsilon: factor * epsilon }, options)
			return (await predict(network, images)).filter((predicted, row) => predicted !== batch.labels[row]).length
		}
		const few = await fooled({ queries: 3 })
		const many = await fooled({ queries: 200 })
		expect(few).toBeLessThan(many)
		expect(many).toBeGreaterThan(5)
		expect(await fooled({ queries: 200 }, 0.1)).toBeLessThan(many)
		expect(await fooled({ queries: 200 }, 4)).toBeGreaterThan(many)
	})

	it('returns images within the set exactly: fooling ones, or the clean one', async () => {
		const images = await attack(threat, { queries: 60 })
		const predicted = await predict(network, images)
		perturbationSizes(batch.images, images, norm).forEach((size, row) => {
			expect(size).toBeLessThanOrEqual(epsilon)
			if (predicted[row] === batch.labels[row]) expect(size).toBe(0)
		})
		expect(images.data.every((pixel) => pixel >= 0 && pixel <= 1)).toBe(true)
	})

	it.each(['margin', 'ce'] as const)('does the same whatever the order and the batch, with loss %s', async (loss) => {
		const options = { queries: 40, restarts: 2, loss }
		const whole = await attack(threat, options)
		expect(bytes(await attack(threat, options))).toBe(bytes(whole))
		for (const rows of [[3], [23, 0], range(0, 24).reverse()]) {
			expect(bytes(await attack(threat, options, rowsOf(batch, rows)))).toBe(bytes(takeRows(whole, rows)))
		}
		const other = await attackBatch(square.prepare(options), network, batch, threat, imageStreams(2))
		expect(bytes(other)).not.toBe(bytes(whole))
	})

	it('queries an image until it is fooled, at most once more than it may change it', async () => {
		const [round] = square.prepare({ queries: 30 }).rounds(5)
		expect(round!.cost).toEqual({ evaluations: 31, gradients: 0 })
		const needed: number[] = []
		for (const row of range(0, 24)) {
			const { classifier, evaluations } = counted(network)
			const found = await round!.run(classifier, rowsOf(batch, [row]), threat, streams)
			needed.push(evaluations())
			const changed = bytes(found) !== bytes(takeRows(batch.images, [row]))
			if (!changed) expect(evaluations()).toBe(31)
		}
		expect(Math.max(...needed)).toBe(31)
		expect(new Set(needed).size).toBeGreaterThan(3)
		const { classifier, evaluations, seen } = counted(network)
		await round!.run(classifier, batch, threat, streams)
		expect(evaluations()).toBe(needed.reduce((sum, count) => sum + count))
		expect(seen.length).toBe(31)
		const left = seen.map(({ length }) => length / pixelCount)
		expect(left).toEqual([...left].sort((a, b) => b - a))
	})

	it('finds more with restarts, which leave alone what an earlier one fooled', async () => {
		const [one, four] = [await attack(threat, { queries: 10 }), await attack(threat, { queries: 10, restarts: 4 })]
		const [byOne, byFour] = [await predict(network, one), await predict(network, four)]
		let more = 0
		batch.labels.forEach((label, row) => {
			if (byOne[row] !== label) expect(bytes(takeRows(four, [row]))).toBe(bytes(takeRows(one, [row])))
			else if (byFour[row] !== label) more++
		})
		expect(more).toBeGreaterThan(0)
		expect(
			square
				.prepare({ restarts: 2 })
				.rounds(5)
				.map(({ name }) => name),
		).toEqual(['square restart 0', 'square restart 1'])
	})

	it.each(['margin', 'ce', undefined] as const)(
		'reaches targets with loss %s, and leaves those that are there',
		async (loss) => {
			const far = { norm, epsilon: 3 * epsilon }
			const targets = batch.labels.map((label, row) => (row < 4 ? label : (label + 1) % 5))
			const images = await attack(
				far,
				{ queries: 150, targeted: true, ...defined({ loss: loss || undefined }) },
				{ ...batch, labels: targets },
			)
			const predicted = await predict(network, images)
			const reached = range(4, 24).filter((row) => predicted[row] === targets[row])
			expect(reached.length).toBeGreaterThan(8)
			const first = range(0, 4)
			expect(bytes(takeRows(images, first))).toBe(bytes(takeRows(batch.images, first)))
		},
	)

	it('asks nothing where there is nothing to do: epsilon 0, all wrong', async () => {
		const watched = counted(network)
		const still = await attack({ norm, epsilon: 0 }, { queries: 9 }, batch, watched.classifier)
		expect(still.data).toEqual(batch.images.data)
		expect(still.data).not.toBe(batch.images.data)
		expect(watched.evaluations()).toBe(0)
		const [round] = square.prepare({ queries: 9 }).rounds(5)
		const alone = await round!.run(watched.classifier, batch, { norm, epsilon: 0 }, streams)
		expect(bytes(alone)).toBe(bytes(batch.images))
		const wrong = { ...batch, labels: batch.labels.map((label) => (label + 1) % 5) }
		expect(bytes(await attack(threat, { queries: 9 }, wrong, watched.classifier))).toBe(bytes(batch.images))
		expect(watched.evaluations()).toBe(24)
	})

	it.each([2, 3, 8])('works for %d classes', async (classes) => {
		const own = await make(classes, networkGraph(classes))
		const given = await labelled(own, 16)
		const images = await attack({ norm, epsilon: 3 * epsilon }, { queries: 100 }, given, own)
		const { logits } = await own.evaluate(images, ['logits'])
		const fooled = predictions(logits!, given.ids).filter((predicted, row) => predicted !== given.labels[row])
		expect(fooled.length).toBeGreaterThan(5)
		await own.release()
	})

	it('ends at once on a classifier that always ties, and does not count that as fooled', async () => {
		const constant = await make(3, (pixels) => ({
			logits: ops.mul(ops.slice(ops.reshape(pixels, [-1, pixelCount]), 1, 0, 3), 0),
		}))
		const { classifier, evaluations } = counted(constant)
		const given = { ...batch, labels: batch.labels.map(() => 0) }
		expect(bytes(await attack(threat, { queries: 50 }, given, classifier))).toBe(bytes(batch.images))
		// The clean images, the starts, and what was found.
		expect(evaluations()).toBe(3 * 24)
		await constant.release()
	})

	it('gives up on a classifier that never changes its mind', async () => {
		const sure = await make(3, (pixels) => {
			const zero = ops.mul(ops.slice(ops.reshape(pixels, [-1, pixelCount]), 1, 0, 3), 0)
			return { logits: ops.add(zero, ops.literal(float32([3], [0, 1, 0]))) }
		})
		const { classifier, evaluations } = counted(sure)
		const given = { ...batch, labels: batch.labels.map((_, row) => (row % 2 === 0 ? 1 : 0)) }
		expect(bytes(await attack(threat, { queries: 7 }, given, classifier))).toBe(bytes(batch.images))
		expect(evaluations()).toBe(24 + 12 * 8 + 12)
		await sure.release()
	})

	it('names the images whose logits are not numbers', async () => {
		// A logarithm of what is negative where the first pixel is not bright.
		const broken = await make(2, (pixels) => {
			const flat = ops.reshape(pixels, [-1, pixelCount])
			const first = ops.log(ops.sub(ops.slice(flat, 1, 0, 1), 0.3))
			return { logits: ops.concat([ops.add(ops.mul(first, 0), 1), ops.mul(ops.slice(flat, 1, 1, 2), 0)], 1) }
		})
		const data = new Float32Array(3 * pixelCount).fill(0.7)
		data[pixelCount] = 0.31
		const given = { images: float32([3, ...imageShape], data), labels: [0, 0, 0], ids: ['x', 'y', 'z'] }
		await expect(attack({ norm, epsilon: 0.2 }, { queries: 30 }, given, broken)).rejects.toThrow(
			/not numbers \(NaN\) for image y\./,
		)
		await broken.release()
	})

	it('works on images that are all black or all white', async () => {
		for (const value of [0, 1]) {
			const images = float32([2, ...imageShape], new Float32Array(2 * pixelCount).fill(value))
			const { logits } = await network.evaluate(images, ['logits'])
			const given = { images, labels: predictions(logits!, ['x', 'y']), ids: ['x', 'y'] }
			const found = await attack({ norm, epsilon: norm === 'linf' ? 0.8 : 4 }, { queries: 300 }, given)
			const after = (await network.evaluate(found, ['logits'])).logits!
			expect(predictions(after, ['x', 'y']).filter((predicted, row) => predicted !== given.labels[row])).toHaveLength(2)
		}
	})
})

describe('options of the Square attack', () => {
	it('are those of AutoAttack standard, and recorded', () => {
		const { options, reads, skipsWrong, targeted } = prepareAttack('square')
		const standard = { queries: 5000, p: 0.8, restarts: 1, targeted: false, loss: 'margin', rescaleSchedule: false }
		expect([options, reads.model, skipsWrong, targeted]).toEqual([standard, 'query', true, false])
		expect(prepareAttack('square').rounds(10)[0]!.cost.evaluations).toBe(5001)
		const quick = prepareAttack('square-1000', { targeted: true })
		expect(quick.options).toEqual({ ...standard, queries: 1000, rescaleSchedule: true, targeted: true, loss: 'ce' })
		expect(quick.targeted).toBe(true)
	})

	it('are refused when they mean nothing', async () => {
		await expect(attack({ norm: 'linf', epsilon: 0.1 }, { queries: 0, p: 2 })).rejects.toThrow(/queries[\s\S]*p/)
		expect(() => prepareAttack('square', { loss: 'dlr' })).toThrow(/loss/)
	})
})
