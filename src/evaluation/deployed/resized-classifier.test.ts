import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { weightedLogits } from '../../attacks/algorithms/transfer/ensemble-gradient.js'
import type { Classifier } from '../../classifier/classifier.js'
import { createGraphClassifier } from '../../classifier/graph-classifier.js'
import { range, takeRows } from '../../core/rows.js'
import { resize } from '../../images/resize.js'
import { float32, ops } from '../../onnx/index.js'
import { generator } from '../../random/counter-based.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import { resizedClassifier } from './resized-classifier.js'

let engine: Engine
let classifier: Classifier
/** Every pixel of 3 x 6 x 4 is a logit. */
const size = 3 * 6 * 4
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	const identity = Float32Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0))
	classifier = await createGraphClassifier({
		engine,
		classNames: range(0, size).map((index) => `pixel ${index}`),
		imageShape: [3, 6, 4],
		build: (pixels) => ({
			logits: ops.linear(ops.reshape(pixels, [-1, size]), ops.literal(float32([size, size], identity)), null),
		}),
	})
})
afterAll(() => engine.close())

const random = (shape: readonly number[]) => {
	const stream = generator(4, 'resized', shape.join())
	return float32(
		shape,
		range(
			0,
			shape.reduce((product, n) => product * n, 1),
		).map(() => stream.uniform()),
	)
}

describe('a resized classifier', () => {
	it.each([
		[3, 15, 11],
		[3, 4, 3],
		[3, 12, 3],
	] as const)('sees images of %i x %i x %i as Pillow resizes them, but for grey levels', async (...shape) => {
		const images = random([2, ...shape])
		// Whole grey levels, which Pillow needs.
		for (const [at, value] of images.data.entries()) images.data[at] = Math.round(value * 255) / 255
		const { logits } = await resizedClassifier(classifier, shape).evaluate(images, ['logits'])
		const [, height, width] = shape
		for (const row of [0, 1]) {
			const rgb = Uint8Array.from({ length: 3 * height * width }, (_, at) => {
				const [pixel, channel] = [Math.floor(at / 3), at % 3]
				return Math.round(255 * images.data[(row * 3 + channel) * height * width + pixel]!)
			})
			const pillow = resize({ width, height, rgb }, { width: 4, height: 6 }, 'bilinear')
			for (const at of range(0, size)) {
				const [channel, pixel] = [Math.floor(at / 24), at % 24]
				const own = logits!.data[row * size + at]! * 255
				expect(Math.abs(own - pillow.rgb[pixel * 3 + channel]!)).toBeLessThan(1.01)
			}
		}
	})

	it.each([
		[3, 15, 11],
		[3, 4, 3],
	] as const)('has the gradient to images of %i x %i x %i', async (...shape) => {
		// It is linear: <weights, f(x)> must be <gradient, x> for any x.
		const resized = resizedClassifier(classifier, shape)
		const [images, weights] = [random([3, ...shape]), random([3, size])]
		const { gradient, loss } = await resized.gradient(images, weightedLogits(size), { weights })
		expect(gradient.shape).toEqual([3, ...shape])
		const pixels = shape[0] * shape[1] * shape[2]
		for (const row of range(0, 3)) {
			const product = range(row * pixels, (row + 1) * pixels).reduce(
				(sum, at) => sum + gradient.data[at]! * images.data[at]!,
				0,
			)
			expect(Math.abs(product / loss.data[row]! - 1)).toBeLessThan(1e-5)
		}
		const alone = await resized.gradient(takeRows(images, [1]), weightedLogits(size), {
			weights: takeRows(weights, [1]),
		})
		expect(alone.gradient).toEqual(takeRows(gradient, [1]))
	})

	it('is the classifier itself at its own size, and refuses other channels and images', async () => {
		expect(resizedClassifier(classifier, [3, 6, 4])).toBe(classifier)
		expect(() => resizedClassifier(classifier, [1, 8, 8])).toThrow(/takes images with 3 channels, these have 1/)
		await expect(resizedClassifier(classifier, [3, 8, 8]).evaluate(random([1, 3, 9, 8]), ['logits'])).rejects.toThrow(
			/needs float32 \[B, 3, 8, 8\]/,
		)
	})
})
