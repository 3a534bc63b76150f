/** The Euclidean ball inside the box. */

import { missing } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { rowSize } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { PerturbationSet } from './perturbation-set.js'

/**
 * Images whose change has a Euclidean norm of at most epsilon, with pixels in [0, 1]. A step goes along the gradient divided
 * by its norm; a zero gradient moves nothing. Projection scales the change back to epsilon, then clips to the box (the order
 * of torchattacks and Foolbox), which cannot lengthen it. Random points are uniform in the ball: a normal direction and a
 * radius of epsilon · u^(1/n) (as in Foolbox; torchattacks uses epsilon · u, which favours the center).
 */
export function l2Set(epsilon: number, clean: Tensor<'float32'>): PerturbationSet {
	const center = clean.data
	const size = rowSize(clean)
	const change = new Float64Array(size)

	/** Writes center + change into an image, shortened as much as necessary. */
	const put = (images: Float32Array, row: number) => {
		const start = row * size
		const length = norm(change, 0, size)
		let scale = length > epsilon ? epsilon / length : 1
		for (let attempt = 0; ; attempt++) {
			let squares = 0
			for (let index = 0; index < size; index++) {
				const pixel = center[start + index] ?? missing
				images[start + index] = Math.min(1, Math.max(0, pixel + scale * (change[index] ?? missing)))
				squares += ((images[start + index] ?? missing) - pixel) ** 2
			}
			if (Math.sqrt(squares) <= epsilon) return
			// Rounding to float32 exceeded epsilon: shorten by one part in 2^24, then two, four and so on, down to nothing.
			scale *= 1 - 2 ** (attempt - 24)
		}
	}
	const project = (images: Float32Array, row: number, direction?: Float32Array, stepSize = 0) => {
		const start = row * size
		for (let index = 0; index < size; index++) {
			const step = direction ? stepSize * (direction[start + index] ?? missing) : 0
			change[index] = (images[start + index] ?? missing) + step - (center[start + index] ?? missing)
		}
		put(images, row)
	}
	return {
		sample(images, row, stream, oneSided = false) {
			if (oneSided) {
				throw new NaptuneError(
					'NAP_ATTACK_UNSUITABLE',
					'A one-sided random start exists in L-infinity only. Use start uniform in L2.',
				)
			}
			for (let index = 0; index < size; index++) change[index] = stream.normal()
			const scale = (epsilon * stream.uniform() ** (1 / size)) / norm(change, 0, size)
			for (let index = 0; index < size; index++) change[index] = (change[index] ?? missing) * scale
			put(images, row)
		},
		ascend(images, gradient, stepSize) {
			for (let row = 0; row * size < images.length; row++) {
				const length = norm(gradient, row * size, (row + 1) * size)
				if (length > 0) project(images, row, gradient, stepSize / length)
			}
		},
		project(images) {
			for (let row = 0; row * size < images.length; row++) project(images, row)
		},
	}
}

function norm(values: Float32Array | Float64Array, start: number, end: number): number {
	let squares = 0
	for (let index = start; index < end; index++) squares += (values[index] ?? missing) ** 2
	return Math.sqrt(squares)
}
