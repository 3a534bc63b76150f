/**
 * Gradients averaged over copies of an image with a randomly changed spectrum (Long et al., "Frequency Domain Model
 * Augmentation for Adversarial Attack", 2022).
 */

import type { AttackBatch } from '../../../classifier/attack-batch.js'
import { crossEntropyObjective } from '../../../classifier/objectives/objective.js'
import { missing } from '../../../core/at.js'
import type { Tensor } from '../../../core/tensor.js'
import { int64 } from '../../../core/tensor.js'
import type { Generator } from '../../../random/generator.js'
import { type GradientSight, requireFinite } from '../../run/require-finite.js'
import { type CosineTransform, cosineTransform } from './cosine-transform.js'
import type { Surrogate } from './surrogate.js'

/** How to make copies. */
export interface SpectrumOptions {
	readonly copies: number
	/** Standard deviation of the noise on the pixels, in units of [0, 1]. */
	readonly deviation: number
	/** Frequencies are multiplied by random numbers from [1 - rho, 1 + rho). */
	readonly rho: number
}

/** Random numbers of one copy, one per value of the image. */
export interface SpectrumNumbers {
	/** Standard normal. */
	readonly noise: ArrayLike<number>
	/** Uniform in [0, 1). */
	readonly mask: ArrayLike<number>
}

/**
 * One copy: add noise, transform each channel, scale every frequency, and transform back. Not clipped to [0, 1].
 * @param image [channels · height · width]. @param transform For planes [height, width].
 */
export function spectrumCopy(
	image: Float32Array,
	transform: CosineTransform,
	planeSize: number,
	{ deviation, rho }: Pick<SpectrumOptions, 'deviation' | 'rho'>,
	{ noise, mask }: SpectrumNumbers,
): Float32Array {
	const copy = new Float64Array(image.length)
	for (let index = 0; index < copy.length; index++) {
		copy[index] = (image[index] ?? missing) + deviation * (noise[index] ?? missing)
	}
	for (let start = 0; start < copy.length; start += planeSize) {
		const plane = copy.subarray(start, start + planeSize)
		transform.forward(plane)
		for (let index = 0; index < planeSize; index++) {
			plane[index] = (plane[index] ?? missing) * (1 - rho + 2 * rho * (mask[start + index] ?? missing))
		}
		transform.inverse(plane)
	}
	return new Float32Array(copy)
}

/**
 * The mean over copies of the gradient of the cross entropy with respect to the copy, as in the reference: not through the
 * transform. For each copy, every image draws its noise, then its mask.
 * @param streams One per image; each continues from its current state. @param where For errors. @param sight Receives every
 * gradient.
 * @throws NaptuneError that names the images whose gradient is not finite.
 */
export async function spectrumGradient(
	{ name, classifier }: Surrogate,
	images: Tensor<'float32'>,
	{ labels, ids }: Pick<AttackBatch, 'labels' | 'ids'>,
	options: SpectrumOptions,
	streams: readonly Generator[],
	where: string,
	sight?: GradientSight,
): Promise<Float64Array> {
	const [channels, height, width] = classifier.inputShape
	const size = channels * height * width
	const transform = cosineTransform(height, width)
	const side = { labels: int64([labels.length], labels) }
	const sums = new Float64Array(images.data.length)
	for (let copy = 0; copy < options.copies; copy++) {
		const data = new Float32Array(images.data.length)
		for (const [row, stream] of streams.entries()) {
			const noise = new Float64Array(size)
			const mask = new Float64Array(size)
			for (let index = 0; index < size; index++) noise[index] = stream.normal()
			for (let index = 0; index < size; index++) mask[index] = stream.uniform()
			const image = images.data.subarray(row * size, (row + 1) * size)
			data.set(spectrumCopy(image, transform, height * width, options, { noise, mask }), row * size)
		}
		const found = await classifier.gradient({ ...images, data }, crossEntropyObjective, side)
		requireFinite(found, ids, `of surrogate ${name}, copy ${copy + 1}, ${where}`, sight)
		const { data: slopes } = found.gradient
		for (let index = 0; index < sums.length; index++) {
			sums[index] = (sums[index] ?? missing) + (slopes[index] ?? missing)
		}
	}
	return sums.map((sum) => sum / options.copies)
}
