/** The L-infinity ball inside the box. */

import { rowSize } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { PerturbationSet } from './perturbation-set.js'

/**
 * Every pixel within epsilon of the clean one and in [0, 1]. The bounds are the outermost float32 numbers that satisfy
 * both. Random points have independent uniform changes in [-epsilon, epsilon); a step adds the sign of the gradient,
 * which is 0 for 0.
 */
export function linfSet(epsilon: number, clean: Tensor<'float32'>): PerturbationSet {
	const center = clean.data
	const size = rowSize(clean)
	const { lower, upper } = linfBounds(center, epsilon)
	const put = (images: Float32Array, index: number, value: number) => {
		images[index] = value
		if (images[index]! > upper[index]!) images[index] = upper[index]!
		// Equality sets what rounded to -0 to 0.
		else if (images[index]! <= lower[index]!) images[index] = lower[index]!
	}
	return {
		sample(images, row, stream, oneSided = false) {
			for (let index = row * size; index < (row + 1) * size; index++) {
				const drawn = stream.uniform()
				put(images, index, center[index]! + epsilon * (oneSided ? drawn : 2 * drawn - 1))
			}
		},
		ascend(images, gradient, stepSize) {
			for (let index = 0; index < images.length; index++) {
				const slope = gradient[index]!
				put(images, index, images[index]! + (slope > 0 ? stepSize : slope < 0 ? -stepSize : 0))
			}
		},
		project(images) {
			for (let index = 0; index < images.length; index++) put(images, index, images[index]!)
		},
	}
}

/** The outermost float32 numbers within epsilon of pixels in [0, 1] and in the box, measured in float64. */
export function linfBounds(
	center: Float32Array,
	epsilon: number,
): { readonly lower: Float32Array; readonly upper: Float32Array } {
	const lower = new Float32Array(center.length)
	const upper = new Float32Array(center.length)
	// Pixels are not negative, so the next float32 towards zero has the next smaller bit pattern.
	const lowerBits = new Int32Array(lower.buffer)
	const upperBits = new Int32Array(upper.buffer)
	for (let index = 0; index < center.length; index++) {
		const pixel = center[index]!
		lower[index] = Math.max(0, pixel - epsilon)
		while (pixel - lower[index]! > epsilon) lowerBits[index]!++
		upper[index] = Math.min(1, pixel + epsilon)
		while (upper[index]! - pixel > epsilon) upperBits[index]!--
	}
	return { lower, upper }
}
