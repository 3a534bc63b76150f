import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { range, takeRows } from '../core/rows.js'
import { int64, type Tensor } from '../core/tensor.js'
import { ops } from '../onnx/index.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { createGraphClassifier, type GraphClassifierOptions } from './graph-classifier.js'
import { imageShape, linearGraph, networkGraph, noise, pixelCount, randomBatch } from './graphs.test.support.js'
import { crossEntropyObjective, type Objective } from './objectives/objective.js'

const classNames = ['a', 'b', 'c', 'd']
const labels = [0, 1, 2, 3, 1]
const { images } = randomBatch(labels)
const side = { labels: int64([5], labels) }
const weightShape = [4, pixelCount] as const
const weights = [noise(weightShape, 'one'), noise(weightShape, 'two')] as const

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** A linear classifier whose weight is a bound input. */
const linear = (options: Partial<GraphClassifierOptions> = {}) =>
	createGraphClassifier({
		engine,
		classNames,
		imageShape,
		build: linearGraph(ops.input('weight', 'float32', weightShape)),
		feeds: { weight: weights[0] },
		...options,
	})

/** Logits, cross entropy and its pixel gradient of a linear classifier, in closed form and float64. */
function closedForm(weight: Tensor<'float32'>, row: number) {
	const logits = range(0, 4).map((c) =>
		range(0, pixelCount).reduce(
			(sum, at) => sum + images.data[row * pixelCount + at]! * weight.data[c * pixelCount + at]!,
			0,
		),
	)
	const shares = logits.map((logit) => Math.exp(logit))
	const total = shares.reduce((sum, share) => sum + share, 0)
	const slopes = shares.map((share, c) => share / total - (c === labels[row] ? 1 : 0))
	const gradient = range(0, pixelCount).map((at) =>
		slopes.reduce((sum, slope, c) => sum + slope * weight.data[c * pixelCount + at]!, 0),
	)
	return { logits, loss: Math.log(total) - logits[labels[row]!]!, gradient }
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
	expected.forEach((value, index) => {
		expect(actual[index]).toBeCloseTo(value, 4)
	})
}

const bytes = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
const compiled = async () => (await engine.memory()).programs.length

describe('a graph classifier', () => {
	it('gives logits, losses and pixel gradients of the closed form', async () => {
		const classifier = await linear()
		const { logits } = await classifier.evaluate(images, ['logits'])
		const seen = await classifier.gradient(images, crossEntropyObjective, side)
		expect([seen.loss.shape, seen.gradient.shape, Object.keys(seen.taps)]).toEqual([[5], images.shape, ['logits']])
		for (const row of labels.keys()) {
			const expected = closedForm(weights[0], row)
			expectClose(takeRows(logits!, [row]).data, expected.logits)
			expectClose(takeRows(seen.taps.logits!, [row]).data, expected.logits)
			expectClose([seen.loss.data[row]!], [expected.loss])
			expectClose(takeRows(seen.gradient, [row]).data, expected.gradient)
		}
		await classifier.release()
	})

	it('gives one image the bytes that it has in a batch, by itself and with a fixed batch', async () => {
		const classifier = await createGraphClassifier({ engine, classNames, imageShape, build: networkGraph(4) })
		const fixed = await createGraphClassifier({ engine, classNames, imageShape, build: networkGraph(4), fixedBatch: 3 })
		const whole = await classifier.gradient(images, crossEntropyObjective, side)
		const cut = await fixed.gradient(images, crossEntropyObjective, side)
		expect(cut.gradient.shape).toEqual(images.shape)
		for (const row of labels.keys()) {
			const own = { labels: int64([1], [labels[row]!]) }
			const single = await classifier.gradient(takeRows(images, [row]), crossEntropyObjective, own)
			const singleFixed = await fixed.gradient(takeRows(images, [row]), crossEntropyObjective, own)
			for (const part of ['loss', 'gradient'] as const) {
				expect(single[part].shape[0]).toBe(1)
				const expected = bytes(takeRows(whole[part], [row]))
				expect(bytes(single[part])).toBe(expected)
				expect(bytes(singleFixed[part])).toBe(expected)
				expect(bytes(takeRows(cut[part], [row]))).toBe(expected)
			}
		}
		await classifier.release()
		await fixed.release()
	})

	it('runs a single image as two, and every batch with the fixed number of rows where there is one', async () => {
		/** As many rows as the run has, for each of its images. */
		const rowsTap: GraphClassifierOptions['build'] = (pixels) => {
			const rows = ops.slice(ops.cast(ops.shapeOf(pixels), 'float32'), 0, 0, 1)
			const nothing = ops.mul(ops.reduceSum(pixels, [1, 2, 3], false), 0)
			return { ...networkGraph(4)(pixels), rows: ops.add(nothing, rows) }
		}
		const rowsFor = async (fixedBatch: number | undefined, count: number) => {
			const options = { engine, classNames, imageShape, build: rowsTap }
			const classifier = await createGraphClassifier(fixedBatch ? { ...options, fixedBatch } : options)
			const { rows } = await classifier.evaluate(takeRows(images, range(0, count)), ['rows'])
			await classifier.release()
			return [...rows!.data]
		}
		expect(await rowsFor(undefined, 1)).toEqual([2])
		expect(await rowsFor(undefined, 5)).toEqual([5, 5, 5, 5, 5])
		expect(await rowsFor(3, 1)).toEqual([3])
		expect(await rowsFor(3, 5)).toEqual([3, 3, 3, 3, 3])
	})

	it('runs a graph of one image image by image, to the bytes of its own runs', async () => {
		// The brightness of the whole batch scales the logits: together, images would change each other's.
		const build: GraphClassifierOptions['build'] = (pixels) => {
			const { logits, hidden } = networkGraph(4)(pixels)
			const bright = ops.reduceMean(pixels, [0, 1, 2, 3], false)
			return { logits: ops.mul(logits!, ops.add(bright, 1)), hidden: hidden! }
		}
		const classifier = await createGraphClassifier({ engine, classNames, imageShape, build, oneImage: true })
		const whole = await classifier.gradient(images, crossEntropyObjective, side)
		const { hidden } = await classifier.evaluate(images, ['hidden'])
		expect([whole.loss.shape, whole.gradient.shape, hidden!.shape]).toEqual([[5], images.shape, [5, 24]])
		for (const row of labels.keys()) {
			const one = takeRows(images, [row])
			const single = await classifier.gradient(one, crossEntropyObjective, { labels: int64([1], [labels[row]!]) })
			expect(bytes(takeRows(whole.gradient, [row]))).toBe(bytes(single.gradient))
			const { logits } = await classifier.evaluate(one, ['logits'])
			expect(bytes(takeRows(whole.taps.logits!, [row]))).toBe(bytes(logits!))
		}
		await classifier.release()
	})

	it('takes other parameters without compiling anything', async () => {
		let current: Tensor<'float32'> = weights[0]
		const classifier = await linear({ feeds: () => ({ weight: current }) })
		const first = await classifier.evaluate(images, ['logits'])
		await classifier.gradient(images, crossEntropyObjective, side)
		const programs = await compiled()
		current = weights[1]
		const second = await classifier.evaluate(images, ['logits'])
		const resident = await engine.upload(weights[1])
		const other = classifier.withFeeds({ weight: resident })
		const third = await other.evaluate(images, ['logits'])
		const { gradient } = await other.gradient(images, crossEntropyObjective, side)
		expect(await compiled()).toBe(programs)
		expectClose(takeRows(first.logits!, [1]).data, closedForm(weights[0], 1).logits)
		expectClose(takeRows(second.logits!, [1]).data, closedForm(weights[1], 1).logits)
		expect(bytes(third.logits!)).toBe(bytes(second.logits!))
		expectClose(takeRows(gradient, [4]).data, closedForm(weights[1], 4).gradient)
		await other.release()
		expect(bytes((await classifier.evaluate(images, ['logits'])).logits!)).toBe(bytes(second.logits!))
		await classifier.release()
		await resident.release()
	})

	it('compiles a program once per set of taps and per objective, also for calls at the same time, and frees them', async () => {
		const before = await compiled()
		const classifier = await createGraphClassifier({ engine, classNames, imageShape, build: networkGraph(4) })
		expect([classifier.taps, await compiled()]).toEqual([['logits', 'hidden'], before])
		await Promise.all([
			classifier.evaluate(images, ['logits', 'hidden']),
			classifier.evaluate(images, ['hidden', 'logits']),
			classifier.gradient(images, crossEntropyObjective, side),
			classifier.gradient(images, { ...crossEntropyObjective }, side),
		])
		expect(await compiled()).toBe(before + 2)
		await classifier.evaluate(images, ['hidden'])
		expect(await compiled()).toBe(before + 3)
		await classifier.release()
		await classifier.release()
		expect(await compiled()).toBe(before)
		await expect(classifier.evaluate(images, ['hidden'])).rejects.toThrow(/was released/)
	})

	it('differentiates objectives over any taps with side inputs of their own', async () => {
		const classifier = await createGraphClassifier({ engine, classNames, imageShape, build: networkGraph(4) })
		const towards: Objective = {
			name: 'distance of hidden features',
			taps: ['hidden'],
			side: { goal: { type: 'float32', shape: [24] } },
			build: ({ hidden }, { goal }) => ops.reduceL2(ops.sub(hidden!, goal!), [1]),
		}
		const { hidden } = await classifier.evaluate(images, ['hidden'])
		const goal = noise([5, 24], 'goal')
		const { loss, taps, gradient } = await classifier.gradient(images, towards, { goal })
		expect(bytes(taps.hidden!)).toBe(bytes(hidden!))
		const distance = (row: number, values: ArrayLike<number>) =>
			Math.hypot(...range(0, 24).map((at) => values[row * 24 + at]! - goal.data[row * 24 + at]!))
		labels.forEach((_, row) => {
			expect(loss.data[row]).toBeCloseTo(distance(row, hidden!.data), 4)
		})
		// Central difference along the gradient of the first image.
		const slope = Math.hypot(...takeRows(gradient, [0]).data)
		const moved = (sign: number) => ({
			...images,
			data: images.data.map((value, at) =>
				at < pixelCount ? value + (sign * 1e-3 * gradient.data[at]!) / slope : value,
			),
		})
		const [up, down] = await Promise.all([1, -1].map((sign) => classifier.evaluate(moved(sign), ['hidden'])))
		const measured = (distance(0, up!.hidden!.data) - distance(0, down!.hidden!.data)) / 2e-3
		expect(measured / slope).toBeCloseTo(1, 2)
		await classifier.release()
	})
})
