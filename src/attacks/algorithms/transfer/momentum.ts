/** Momentum over normalised vectors, one per image. */

import { missing } from '../../../core/at.js'

/** The divisor of a vector: the sum or the mean of its absolute values, or its Euclidean length. */
export type MomentumNorm = 'l1' | 'l2' | 'mean-absolute'

/**
 * m = decay · m + v / |v| for each image separately; an image whose vector is zero adds nothing. Norms are summed in float64
 * in the order of the pixels.
 * @param momentum [B · rowSize], modified in place. @param vectors [B · rowSize].
 */
export function accumulate(
	momentum: Float64Array,
	vectors: ArrayLike<number>,
	rowSize: number,
	decay: number,
	norm: MomentumNorm,
): void {
	for (let start = 0; start < momentum.length; start += rowSize) {
		const end = start + rowSize
		const size = sizeOf(vectors, start, end, norm)
		const factor = size > 0 ? 1 / size : 0
		for (let index = start; index < end; index++) {
			momentum[index] = decay * (momentum[index] ?? missing) + factor * (vectors[index] ?? missing)
		}
	}
}

function sizeOf(vectors: ArrayLike<number>, start: number, end: number, norm: MomentumNorm): number {
	let total = 0
	for (let index = start; index < end; index++) {
		const value = vectors[index] ?? missing
		total += norm === 'l2' ? value * value : Math.abs(value)
	}
	if (norm === 'l2') return Math.sqrt(total)
	return norm === 'l1' ? total : total / (end - start)
}
