/** The steps of FAB for one image: towards a linearised boundary, and back to the clean image. */

import { missing } from '../../../core/at.js'
import { hyperplaneProjection, type Numbers, vectorNorm } from '../../sets/hyperplane-projection.js'
import type { Norm } from '../../sets/threat-model.js'
import type { FabSettings } from './fab-options.js'

/** A boundary linearised at an image: the points u with difference + normal · (u - image) = 0. */
export interface Boundary {
	/** Logit of the other class minus that of the true one, at the image. */
	readonly difference: number
	/** Its gradient with respect to the pixels. */
	readonly normal: Numbers
}

/** Moves of one image [n], which modify `image` in place. They compute in float64 and round once. */
export interface FabGeometry {
	/** Moves over the boundary linearised at `image`, with a bias to the clean image, and clips to the box. */
	advance(image: Float32Array, clean: Float32Array, boundary: Boundary): void
	/** Moves towards the clean image. */
	retreat(image: Float32Array, clean: Float32Array): void
	/** Norm of the change. */
	distance(image: Float32Array, clean: Float32Array): number
}

/** Shorter projections count as this long, so that their ratio is defined. */
const shortest = 1e-8

/**
 * The moves for images with this many pixels. With d1 and d2 the projections of image and clean image onto the boundary and
 * alpha = min(|d1| / (|d1| + |d2|), alphaMax), advancing gives (1 - alpha) (image + eta d1) + alpha (clean + eta d2).
 */
export function fabGeometry(
	norm: Norm,
	size: number,
	{ alphaMax, eta, beta }: Pick<FabSettings, 'alphaMax' | 'eta' | 'beta'>,
): FabGeometry {
	const project = hyperplaneProjection(norm, size)
	const ofImage = new Float64Array(size)
	const ofClean = new Float64Array(size)
	return {
		advance(image, clean, { difference, normal }) {
			let cleanDifference = difference
			for (let index = 0; index < size; index++) {
				cleanDifference += (normal[index] ?? missing) * ((clean[index] ?? missing) - (image[index] ?? missing))
			}
			project(image, normal, difference, ofImage)
			project(clean, normal, cleanDifference, ofClean)
			const imageLength = Math.max(vectorNorm(norm, ofImage), shortest)
			const cleanLength = Math.max(vectorNorm(norm, ofClean), shortest)
			const alpha = Math.min(imageLength / (imageLength + cleanLength), alphaMax)
			for (let index = 0; index < size; index++) {
				const fromImage = (image[index] ?? missing) + eta * (ofImage[index] ?? missing)
				const fromClean = (clean[index] ?? missing) + eta * (ofClean[index] ?? missing)
				image[index] = Math.min(1, Math.max(0, (1 - alpha) * fromImage + alpha * fromClean))
			}
		},
		retreat(image, clean) {
			for (let index = 0; index < size; index++) {
				const center = clean[index] ?? missing
				image[index] = center + beta * ((image[index] ?? missing) - center)
			}
		},
		distance(image, clean) {
			for (let index = 0; index < size; index++) {
				ofImage[index] = (image[index] ?? missing) - (clean[index] ?? missing)
			}
			return vectorNorm(norm, ofImage)
		},
	}
}
