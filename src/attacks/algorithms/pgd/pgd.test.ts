import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import {
	imageShape,
	linearGraph,
	networkGraph,
	noise,
	pixelCount,
	randomBatch,
} from '../../../classifier/graphs.test.support.js'
import { type Objective, targetedCrossEntropyObjective } from '../../../classifier/objectives/objective.js'
import { predictions } from '../../../classifier/predictions.js'
import { NaptuneError } from '../../../core/errors.js'
import { range, takeRows } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { float32, ops, type Value } from '../../../onnx/index.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { attackBatch } from '../../run/attack-batch.js'
import { imageStreams } from '../../run/image-streams.js'
import { perturbationSizes } from '../../sets/check-perturbation.js'
import type { Norm, ThreatModel } from '../../sets/threat-model.js'
import { pgd } from './pgd.js'
import type { PgdOptions } from './pgd-options.js'

const classNames = ['a', 'b', 'c', 'd', 'e']
const streams = imageStreams(1)
const norms: readonly Norm[] = ['linf', 'l2']
const bytes = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')

let engine: Engine
let network: Classifier
/** 40 images with the network's own predictions as labels. */
let batch: AttackBatch
const make = (names: readonly string[], build: (pixels: Value) => Record<string, Value>) =>
	createGraphClassifier({ engine, classNames: names, imageShape, build })
const predict = async (images: Tensor<'float32'>, ids = batch.ids) =>
	predictions((await network.evaluate(images, ['logits'])).logits!, ids)
const attack = (threat: ThreatModel, options: PgdOptions, given: AttackBatch = batch) =>
	attackBatch(pgd.prepare(options), network, given, threat, streams)

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	network = await make(classNames, networkGraph(5))
	const random = randomBatch(range(0, 40).map(() => 0))
	batch = { ...random, labels: await predict(random.images, random.ids) }
})
afterAll(() => engine.close())

describe('on a linear classifier of two classes PGD reaches the optimum', () => {
	const weight = noise([2, pixelCount], 'two classes')
	const labels = [0, 1, 0, 1]
	// Wide of the border of the box, so that the optimum in the ball is known in closed form.
	const images = randomBatch(labels, imageShape, [0.4, 0.6])
	/** Direction in which the loss of a label grows: the other class's weight minus its own. */
	const uphill = (label: number) =>
		range(0, pixelCount).map(
			(at) => weight.data[(1 - label) * pixelCount + at]! - weight.data[label * pixelCount + at]!,
		)

	it.each(['zero', 'uniform'] as const)('from start %s', async (start) => {
		const classifier = await make(['x', 'y'], linearGraph(ops.literal(weight)))
		const options = { steps: 40, stepSize: 0.01, start } as const
		const linf = await attackBatch(pgd.prepare(options), classifier, images, { norm: 'linf', epsilon: 0.1 }, streams)
		const l2 = await attackBatch(
			pgd.prepare({ ...options, stepSize: 0.1 }),
			classifier,
			images,
			{ norm: 'l2', epsilon: 0.3 },
			streams,
		)
		labels.forEach((label, row) => {
			const direction = uphill(label)
			const length = Math.hypot(...direction)
			direction.forEach((slope, at) => {
				const clean = images.images.data[row * pixelCount + at]!
				expect(linf.data[row * pixelCount + at]).toBeCloseTo(clean + 0.1 * Math.sign(slope), 6)
				expect(l2.data[row * pixelCount + at]).toBeCloseTo(clean + (0.3 * slope) / length, 4)
			})
		})
		await classifier.release()
	})
})

describe.each(norms)('PGD in %s', (norm) => {
	const epsilon = norm === 'linf' ? 0.05 : 0.3

	it('lowers accuracy, the more the larger epsilon', async () => {
		const fooled: number[] = []
		for (const factor of [0.2, 1, 3]) {
			const images = await attack({ norm, epsilon: factor * epsilon }, { steps: 10 })
			fooled.push((await predict(images)).filter((predicted, row) => predicted !== batch.labels[row]).length)
		}
		expect(fooled[0]).toBeLessThan(fooled[1]!)
		expect(fooled[1]).toBeLessThan(fooled[2]!)
	})

	it('does the same whatever the order and the batch', async () => {
		const options = { steps: 4, start: 'uniform', restarts: 2 } as const
		const whole = await attack({ norm, epsilon }, options)
		for (const rows of [[3], [39, 0], range(0, 40).reverse()]) {
			const part = {
				images: takeRows(batch.images, rows),
				labels: rows.map((row) => batch.labels[row]!),
				ids: rows.map((row) => batch.ids[row]!),
			}
			expect(bytes(await attack({ norm, epsilon }, options, part))).toBe(bytes(takeRows(whole, rows)))
		}
	})

	it('draws the start from the seed and the image, and leaves what it is given alone', async () => {
		const before = batch.images.data.slice()
		const run = (seed: number) =>
			attackBatch(pgd.prepare({ steps: 1 }), network, batch, { norm, epsilon }, imageStreams(seed))
		const [one, again, other] = [await run(1), await run(1), await run(2)]
		expect(bytes(again)).toBe(bytes(one))
		expect(bytes(other)).not.toBe(bytes(one))
		expect(batch.images.data).toEqual(before)
	})

	it('gives back the clean images for epsilon 0, as a copy', async () => {
		const images = await attack({ norm, epsilon: 0 }, { steps: 3, restarts: 2, keep: 'worst' })
		expect(images.data).toEqual(batch.images.data)
		expect(images.data).not.toBe(batch.images.data)
	})

	it.each([0, 1])('stays in the box from images of only %d, for epsilon 1', async (value) => {
		const images = float32([2, ...imageShape], new Float32Array(2 * pixelCount).fill(value))
		const given = { images, labels: [0, 1], ids: ['x', 'y'] }
		const adversarial = await attack({ norm, epsilon: 1 }, { steps: 5 }, given)
		expect(adversarial.data.every((pixel) => pixel >= 0 && pixel <= 1)).toBe(true)
		const sizes = perturbationSizes(images, adversarial, norm)
		for (const size of sizes) expect(size).toBeGreaterThan(0.9)
	})

	it('reaches targets when targeted, more often than when not', async () => {
		const targets = batch.labels.map((label) => (label + 1) % 5)
		const options = { steps: 15 }
		const reached = async (images: Tensor<'float32'>) =>
			(await predict(images)).filter((predicted, row) => predicted === targets[row]).length
		const threat = { norm, epsilon: 2 * epsilon }
		const targeted = await reached(await attack(threat, { ...options, targeted: true }, { ...batch, labels: targets }))
		const untargeted = await reached(await attack(threat, options))
		expect(targeted).toBeGreaterThan(untargeted + 5)
	})

	it('finds more with restarts, which leave alone what an earlier one fooled', async () => {
		const options = { steps: 1, start: 'uniform' } as const
		const threat = { norm, epsilon }
		const [one, five] = [await attack(threat, options), await attack(threat, { ...options, restarts: 5 })]
		const [byOne, byFive] = await Promise.all([one, five].map((images) => predict(images)))
		let more = 0
		batch.labels.forEach((label, row) => {
			if (byOne![row] !== label) expect(bytes(takeRows(five, [row]))).toBe(bytes(takeRows(one, [row])))
			if (byOne![row] === label && byFive![row] !== label) more++
		})
		expect(more).toBeGreaterThan(0)
	})

	it('keeps the last iterate by default and the worst of all when asked', async () => {
		// Steps of twice epsilon overshoot, so that later iterates are often worse than earlier ones.
		const options = { steps: 6, relativeStepSize: 2, start: 'zero' } as const
		const threat = { norm, epsilon }
		const iterates = await Promise.all(
			range(1, 7)
				.map((steps) => attack(threat, { ...options, steps }))
				.concat(Promise.resolve(batch.images)),
		)
		const scores = await Promise.all(
			iterates.map(async (images) => {
				const side = { labels: { type: 'int64', shape: [40], data: BigInt64Array.from(batch.labels, BigInt) } } as const
				const { loss } = await network.gradient(images, { ...targetedCrossEntropyObjective }, side)
				const predicted = await predict(images)
				return batch.labels.map((label, row) => ({ fooled: predicted[row] !== label, loss: -loss.data[row]! }))
			}),
		)
		const worst = await attack(threat, { ...options, keep: 'worst' })
		const last = await attack(threat, { ...options, keep: 'last' })
		expect(bytes(last)).toBe(bytes(await attack(threat, options)))
		expect(bytes(worst)).not.toBe(bytes(last))
		batch.labels.forEach((_, row) => {
			const best = range(0, iterates.length).reduce((best, candidate) => {
				const [a, b] = [scores[candidate]![row]!, scores[best]![row]!]
				return a.fooled === b.fooled ? (a.loss > b.loss ? candidate : best) : a.fooled ? candidate : best
			})
			expect(bytes(takeRows(worst, [row]))).toBe(bytes(takeRows(iterates[best]!, [row])))
		})
	})
})

describe('PGD with another objective', () => {
	/** Length of the hidden features; says nothing of logits. */
	const length: Objective = {
		name: 'length',
		taps: ['hidden'],
		side: {},
		build: ({ hidden }) => ops.reduceL2(hidden!, [1]),
	}

	it('maximises that, with or without looking at predictions', async () => {
		const threat = { norm: 'linf', epsilon: 0.05 } as const
		const mean = async (images: Tensor<'float32'>) => {
			const { loss } = await network.gradient(images, length, {})
			return loss.data.reduce((sum, value) => sum + value, 0) / 40
		}
		const clean = await mean(batch.images)
		expect(await mean(await attack(threat, { steps: 5, objective: length }))).toBeGreaterThan(1.2 * clean)
		expect(await mean(await attack(threat, { steps: 5, objective: length, restarts: 2 }))).toBeGreaterThan(1.2 * clean)
	})

	it('gives it the side inputs of the clean images', async () => {
		const away: Objective = {
			name: 'away from the clean features',
			taps: ['hidden'],
			side: { clean: { type: 'float32', shape: [24] } },
			build: ({ hidden }, { clean }) => ops.reduceSum(ops.abs(ops.sub(hidden!, clean!)), [1], false),
		}
		const images = await attack(
			{ norm: 'linf', epsilon: 0.05 },
			{
				steps: 5,
				restarts: 2,
				objective: away,
				sideInputs: async (classifier, { images }) => ({
					clean: (await classifier.evaluate(images, ['hidden'])).hidden!,
				}),
			},
		)
		const clean = (await network.evaluate(batch.images, ['hidden'])).hidden!
		const { loss } = await network.gradient(images, away, { clean })
		expect(Math.min(...loss.data)).toBeGreaterThan(0.5)
	})
})

describe('PGD on a model that overflows', () => {
	it('names the images whose gradient is not finite', async () => {
		// The logarithm of a black image has no gradient.
		const broken = await make(classNames, (pixels) => {
			const logits = ops.log(ops.reduceMean(ops.reshape(pixels, [-1, 5, 12]), [2], false))
			return { logits }
		})
		const images = { ...batch.images, data: batch.images.data.slice() }
		images.data.fill(0, 7 * pixelCount, 8 * pixelCount)
		images.data.fill(0, 30 * pixelCount, 31 * pixelCount)
		const options = { steps: 2, start: 'zero' } as const
		const result = attackBatch(
			pgd.prepare(options),
			broken,
			{ ...batch, images },
			{ norm: 'linf', epsilon: 0.01 },
			streams,
		)
		await expect(result).rejects.toThrow(NaptuneError)
		await expect(result).rejects.toThrow(
			/not finite for images image 7, image 30 \(of PGD before step 1 of 2, restart 1\)/,
		)
		await broken.release()
	})
})
