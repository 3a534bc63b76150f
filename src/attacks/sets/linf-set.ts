/** The L-infinity ball inside the box. */

import { missing } from '../../core/at.js'
import { rowSize } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { PerturbationSet } from './perturbation-set.js'

/**
 * Every pixel is within epsilon of the clean one and in [0, 1]. The bounds are the outermost float32 numbers that satisfy
 * both. Random points have independent uniform changes in [-epsilon, epsilon); a step adds the sign of the gradient, which
 * is 0 for 0.
 */
export function linfSet(epsilon: number, clean: Tensor<'float32'>): PerturbationSet {
	const center = clean.data
	const size = rowSize(clean)
	const { lower, upper } = linfBounds(center, epsilon)
	const put = (images: Float32Array, index: number, value: number) => {
		images[index] = value
		const rounded = images[index] ?? missing
		const most = upper[index] ?? missing
		const least = lower[index] ?? missing
		if (rounded > most) images[index] = most
		// The equality also turns -0 from rounding into 0.
		else if (rounded <= least) images[index] = least
	}
	return {
		sample(images, row, stream, oneSided = false) {
			for (let index = row * size; index < (row + 1) * size; index++) {
				const drawn = stream.uniform()
				put(images, index, (center[index] ?? missing) + epsilon * (oneSided ? drawn : 2 * drawn - 1))
			}
		},
		ascend(images, gradient, stepSize) {
			for (let index = 0; index < images.length; index++) {
				const slope = gradient[index] ?? missing
				const step = slope > 0 ? stepSize : slope < 0 ? -stepSize : 0
				put(images, index, (images[index] ?? missing) + step)
			}
		},
		project(images) {
			for (let index = 0; index < images.length; index++) put(images, index, images[index] ?? missing)
		},
	}
}

/** The outermost float32 numbers in the box and within epsilon of pixels in [0, 1], measured in float64. */
export function linfBounds(
	center: Float32Array,
	epsilon: number,
): { readonly lower: Float32Array; readonly upper: Float32Array } {
	const lower = new Float32Array(center.length)
	const upper = new Float32Array(center.length)
	// Pixels are non-negative, so the next float32 towards zero has the next smaller bit pattern.
	const lowerBits = new Int32Array(lower.buffer)
	const upperBits = new Int32Array(upper.buffer)
	for (let index = 0; index < center.length; index++) {
		const pixel = center[index] ?? missing
		lower[index] = Math.max(0, pixel - epsilon)
		while (pixel - (lower[index] ?? missing) > epsilon) lowerBits[index] = (lowerBits[index] ?? missing) + 1
		upper[index] = Math.min(1, pixel + epsilon)
		while ((upper[index] ?? missing) - pixel > epsilon) upperBits[index] = (upperBits[index] ?? missing) - 1
	}
	return { lower, upper }
}
