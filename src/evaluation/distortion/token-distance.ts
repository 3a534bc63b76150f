/** Measures how far the perturbed tokens of one image are from its clean ones. */

import { at } from '../../core/at.js'

/** Distances between two sets of N tokens with the same width, matched one to one. */
export interface Distance {
	/** Root mean square over tokens of the Euclidean distance: the Frobenius distance of the matrices over √N. */
	readonly absolute: number
	/** Frobenius distance over the Frobenius norm of the clean tokens. */
	readonly relative: number
	/** Mean over tokens of 1 - cosine of the angle between clean and perturbed token, in [0, 2]. */
	readonly cosine: number
	/** Root mean square over tokens of the clean token's Euclidean norm. */
	readonly norm: number
}

/**
 * The distance between rows of `width` numbers, summed in float64. Two tokens of norm 0 have cosine distance 0, and a token
 * of norm 0 has 1/2 to every other.
 */
export function tokenDistance(clean: Float32Array, perturbed: Float32Array, width: number): Distance {
	const tokens = clean.length / width
	let difference = 0
	let size = 0
	let cosine = 0
	for (let start = 0; start < clean.length; start += width) {
		const end = start + width
		let own = 0
		let other = 0
		for (let index = start; index < end; index++) {
			own += at(clean, index) ** 2
			other += at(perturbed, index) ** 2
			difference += (at(clean, index) - at(perturbed, index)) ** 2
		}
		size += own
		// 1 - cosine is half the squared distance of the unit vectors, which is exactly 0 for equal tokens and precise near
		// 0.
		const [a, b] = [own > 0 ? own ** -0.5 : 0, other > 0 ? other ** -0.5 : 0]
		for (let index = start; index < end; index++) cosine += (at(clean, index) * a - at(perturbed, index) * b) ** 2 / 2
	}
	return {
		absolute: Math.sqrt(difference / tokens),
		relative: difference === 0 ? 0 : Math.sqrt(difference / size),
		cosine: cosine / tokens,
		norm: Math.sqrt(size / tokens),
	}
}
