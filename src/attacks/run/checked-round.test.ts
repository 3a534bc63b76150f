import { describe, expect, it } from 'vitest'
import type { Classifier } from '../../classifier/classifier.js'
import { imageShape, randomBatch } from '../../classifier/graphs.test.support.js'
import { NaptuneError } from '../../core/errors.js'
import { float32 } from '../../core/tensor.js'
import { checkedRound } from './checked-round.js'
import { imageStreams } from './image-streams.js'

const unused = async (): Promise<never> => {
	throw new Error('The classifier is only looked at.')
}
const classifier: Classifier = {
	classNames: ['x', 'y'],
	inputShape: imageShape,
	taps: ['logits'],
	evaluate: unused,
	gradient: unused,
	release: async () => {},
}
const batch = randomBatch([0, 1, 1])
const threat = { norm: 'linf', epsilon: 0.1 } as const

/** Adds an amount to every pixel. */
const shifted = (amount: number) =>
	checkedRound(
		{ name: 'shift', norms: ['linf'] },
		{
			stage: 'shift',
			name: 'shift',
			cost: { evaluations: 0, gradients: 0 },
			run: async (_, { images }) => ({ ...images, data: images.data.map((value) => Math.min(1, value + amount)) }),
		},
	)
const run = (amount: number, given: Partial<typeof batch> = {}, epsilon = 0.1) =>
	shifted(amount).run(classifier, { ...batch, ...given }, { ...threat, epsilon }, imageStreams(1))

describe('a checked round', () => {
	it('hands good results on', async () => {
		expect((await run(0.05)).data[0]).toBeCloseTo(batch.images.data[0]! + 0.05)
	})

	it('catches a result outside the threat model', async () => {
		await expect(run(0.2)).rejects.toThrow(/image of image 0 is 0\.2.* from the clean one in linf; epsilon is 0\.1/)
		await expect(run(-2)).rejects.toThrow(/outside the pixel range/)
	})

	it.each([
		['no images', { images: float32([0, ...imageShape], []), labels: [], ids: [] }, /B >= 1/],
		['another size', { images: float32([3, 3, 5, 4], batch.images.data) }, /takes \[B, 3, 4, 5\]/],
		['too few labels', { labels: [0] }, /3 images with 1 labels/],
		['a label that is no class', { labels: [0, 2, 1] }, /label of image image 1 is 2; .* 0 to 1/],
		['half a label', { labels: [0, 0.5, 1] }, /label of image image 1/],
		[
			'8-bit pixels',
			{
				images: float32(
					batch.images.shape,
					batch.images.data.map((value) => Math.floor(value * 255)),
				),
			},
			/Image image 0 has a pixel of value .* \[0, 1\]/,
		],
		[
			'NaN pixels',
			{
				images: float32(
					batch.images.shape,
					batch.images.data.map((value, index) => (index < 130 ? value : Number.NaN)),
				),
			},
			/Image image 2 has a pixel of value NaN/,
		],
	])('refuses %s', async (_, given, message) => {
		const result = run(0, given)
		await expect(result).rejects.toThrow(NaptuneError)
		await expect(result).rejects.toThrow(message)
	})

	it('refuses a norm that the attack does not know', async () => {
		const attempt = shifted(0).run(classifier, batch, { norm: 'l2', epsilon: 1 }, imageStreams(1))
		await expect(attempt).rejects.toThrow('Attack shift works in linf, not in l2.')
	})

	it.each([-1, 2, Number.NaN])('refuses epsilon %d', async (epsilon) => {
		await expect(run(0, {}, epsilon)).rejects.toThrow(/Epsilon/)
	})
})
