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
import { targetedMarginObjective } from '../../../classifier/objectives/margin-objectives.js'
import { NaptuneError } from '../../../core/errors.js'
import { range } from '../../../core/rows.js'
import { float32, ops, type Value } from '../../../onnx/index.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { attackBatch } from '../../run/attack-batch.js'
import { imageStreams } from '../../run/image-streams.js'
import type { Norm } from '../../sets/threat-model.js'
import { fab } from './fab.js'
import { bytes, counted, fooledRows, predict, rightBatch } from './fab.test.support.js'

const norms: readonly Norm[] = ['linf', 'l2']
const streams = imageStreams(1)
const modes = ['targeted', 'untargeted'] as const

let engine: Engine
let network: Classifier
let batch: AttackBatch
const make = (classes: number, build: (pixels: Value) => Record<string, Value>) =>
	createGraphClassifier({ engine, classNames: range(0, classes).map(String), imageShape, build })
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	network = await make(5, networkGraph(5))
	batch = await rightBatch(network, 8)
})
afterAll(() => engine.close())

describe('the class difference', () => {
	it('is positive where the target beats the label, and its gradient that of the difference', async () => {
		const weight = noise([5, pixelCount], 'five classes')
		const linear = await make(5, linearGraph(ops.literal(weight)))
		const targets = batch.labels.map((label) => (label + 2) % 5)
		const count = batch.labels.length
		const int = (values: readonly number[]) =>
			({ type: 'int64', shape: [count], data: BigInt64Array.from(values, BigInt) }) as const
		const side = { labels: int(batch.labels), targets: int(targets) }
		const { loss, gradient, taps } = await linear.gradient(batch.images, targetedMarginObjective, side)
		batch.labels.forEach((label, row) => {
			const logit = (index: number) => taps.logits!.data[row * 5 + index]!
			expect(loss.data[row]).toBeCloseTo(logit(targets[row]!) - logit(label), 6)
			for (const at of range(0, pixelCount)) {
				const expected = weight.data[targets[row]! * pixelCount + at]! - weight.data[label * pixelCount + at]!
				expect(gradient.data[row * pixelCount + at]).toBeCloseTo(expected, 6)
			}
		})
		await linear.release()
	})
})

describe.each(norms)('FAB in %s', (norm) => {
	const threat = { norm, epsilon: norm === 'linf' ? 0.1 : 1 }

	it.each(modes)('%s leaves the images of a constant classifier as they are', async (mode) => {
		const constant = await make(3, (pixels) => {
			const flat = ops.reshape(pixels, [-1, pixelCount])
			const nothing = ops.literal(float32([3, pixelCount], new Float32Array(3 * pixelCount)))
			return { logits: ops.add(ops.linear(flat, nothing, null), ops.literal(float32([3], [2, 1, 1]))) }
		})
		const given = randomBatch([0, 0, 0])
		const { classifier, calls } = counted(constant)
		const images = await attackBatch(fab.prepare({ mode, steps: 4, restarts: 2 }), classifier, given, threat, streams)
		expect(bytes(images)).toBe(bytes(given.images))
		expect(calls.gradients).toBe(3 * 4 * 2 * 2)
		await constant.release()
	})

	it('crosses from one of two equal classes to the other as soon as they differ', async () => {
		// Classes 0 and 1 are the same: the lower is predicted, and no image between them can be told from the other.
		const weight = noise([3, pixelCount], 'ties')
		weight.data.copyWithin(pixelCount, 0, pixelCount)
		const tied = await make(3, linearGraph(ops.literal(weight)))
		const given = await rightBatch(tied, 12)
		expect(new Set(given.labels)).toEqual(new Set([0, 2]))
		for (const mode of modes) {
			const images = await attackBatch(
				fab.prepare({ mode, steps: 20 }),
				tied,
				given,
				{ norm, epsilon: norm === 'linf' ? 1 : 8 },
				streams,
			)
			const fooled = await fooledRows(tied, given, images)
			const zeros = range(0, 12).filter((row) => given.labels[row] === 0)
			const twos = range(0, 12).filter((row) => given.labels[row] === 2)
			expect(fooled).toEqual(expect.arrayContaining(twos))
			// Towards class 1 nothing can be done; towards class 2 targeted finds a way, while untargeted sees class 1 nearest.
			expect(fooled.filter((row) => zeros.includes(row))).toHaveLength(mode === 'targeted' ? zeros.length : 0)
		}
		await tied.release()
	})

	it('gives back the clean images for epsilon 0, as a copy', async () => {
		const images = await attackBatch(
			fab.prepare({ steps: 2, restarts: 2 }),
			network,
			batch,
			{ norm, epsilon: 0 },
			streams,
		)
		const [, second] = prepareAttack('fab', { steps: 2, restarts: 2 }).rounds(5)
		const own = await second!.run(network, batch, { norm, epsilon: 0 }, streams)
		for (const { data } of [images, own]) {
			expect(data).toEqual(batch.images.data)
			expect(data).not.toBe(batch.images.data)
		}
	})

	it('does nothing where all images are wrong already', async () => {
		const { classifier, calls } = counted(network)
		const labels = batch.labels.map((label) => (label + 1) % 5)
		const images = await attackBatch(fab.prepare({ steps: 2 }), classifier, { ...batch, labels }, threat, streams)
		expect(bytes(images)).toBe(bytes(batch.images))
		expect(calls).toEqual({ evaluations: 8, gradients: 0 })
	})

	it.each([0, 1])('stays in the box from images of only %d, and leaves them where it can', async (value) => {
		const images = float32([1, ...imageShape], new Float32Array(pixelCount).fill(value))
		const given = { images, ids: ['x'], labels: await predict(network, { images, ids: ['x'] }) }
		for (const mode of modes) {
			const found = await attackBatch(
				fab.prepare({ mode, steps: 30 }),
				network,
				given,
				{ norm, epsilon: norm === 'linf' ? 1 : 8 },
				streams,
			)
			expect(found.data.every((pixel) => pixel >= 0 && pixel <= 1)).toBe(true)
			expect(await fooledRows(network, given, found)).toEqual([0])
		}
	})
})

describe.each(modes)('FAB %s on a broken model', (mode) => {
	const options = { mode, steps: 2 }
	const threat = { norm: 'linf', epsilon: 0.1 } as const
	const broken = async (edit: (mean: Value) => Value) => {
		const classifier = await make(5, (pixels) => ({
			logits: edit(ops.reduceMean(ops.reshape(pixels, [-1, 5, 12]), [2], false)),
		}))
		const images = { ...batch.images, data: batch.images.data.slice() }
		images.data.fill(0, 2 * pixelCount, 3 * pixelCount)
		images.data.fill(0, 6 * pixelCount, 7 * pixelCount)
		return { classifier, images }
	}

	it('names the images whose logits are NaN', async () => {
		const { classifier, images } = await broken((mean) => ops.log(ops.sub(mean, 0.1)))
		const [first] = prepareAttack('fab', options).rounds(5)
		for (const attempt of [
			() => attackBatch(fab.prepare(options), classifier, { ...batch, images }, threat, streams),
			() => first!.run(classifier, { ...batch, images }, threat, streams),
		]) {
			const result = attempt()
			await expect(result).rejects.toThrow(NaptuneError)
			await expect(result).rejects.toThrow(/images image 2, image 6/)
		}
		await classifier.release()
	})

	it('names the images whose gradient is not finite', async () => {
		const { classifier, images } = await broken((mean) => ops.sqrt(mean))
		const labels = await predict(classifier, { ...batch, images })
		const result = attackBatch(fab.prepare(options), classifier, { ...batch, images, labels }, threat, streams)
		await expect(result).rejects.toThrow(NaptuneError)
		await expect(result).rejects.toThrow(/not finite for images image 2, image 6 \(of FAB before step 1 of 2\)/)
		await classifier.release()
	})
})

describe('FAB refuses', () => {
	it('the untargeted form for more than 100 classes, unless forced', async () => {
		expect(() => prepareAttack('fab-u').rounds(101)).toThrow(NaptuneError)
		expect(() => prepareAttack('fab-u').rounds(101)).toThrow(/10000 per image.*101 classes.*fab-t.*force/)
		expect(prepareAttack('fab-u').rounds(100)).toHaveLength(5)
		const many = await make(101, networkGraph(101))
		const given = await rightBatch(many, 2)
		const threat = { norm: 'linf', epsilon: 0.3 } as const
		await expect(attackBatch(fab.prepare({ mode: 'untargeted' }), many, given, threat, streams)).rejects.toThrow(
			/force/,
		)
		const images = await attackBatch(
			fab.prepare({ mode: 'untargeted', force: true, steps: 2 }),
			many,
			given,
			threat,
			streams,
		)
		expect(await fooledRows(many, given, images)).toEqual([0, 1])
		await many.release()
	})

	it('a classifier of one class', () => {
		for (const name of ['fab-t', 'fab-u']) expect(() => prepareAttack(name).rounds(1)).toThrow(/two classes.*has 1/)
	})

	it('options of the other mode, and values that are none', () => {
		expect(() => prepareAttack('fab', { mode: 'untargeted', targets: 3 })).toThrow(/targets needs mode targeted/)
		expect(() => prepareAttack('fab', { force: true })).toThrow(/force needs mode untargeted/)
		expect(() => prepareAttack('fab', { steps: 0, beta: 2 })).toThrow(/steps[\s\S]*beta|beta[\s\S]*steps/)
		expect(() => prepareAttack('fab', { colour: 1 })).toThrow(/known keys: mode, targets, steps/)
	})

	it('nothing of its defaults', () => {
		const constants = { steps: 100, alphaMax: 0.1, eta: 1.05, beta: 0.9 }
		const targeted = { ...constants, mode: 'targeted', targets: 9, restarts: 1 }
		expect(prepareAttack('fab').options).toEqual(targeted)
		expect(prepareAttack('fab-t')).toMatchObject({ options: targeted, targeted: false, skipsWrong: true })
		expect(prepareAttack('fab-u').options).toEqual({ ...constants, mode: 'untargeted', restarts: 5, force: false })
	})
})
