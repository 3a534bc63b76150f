/** Solves for the common level of capped terms, the core of projecting onto a hyperplane inside a box. */

import { missing } from '../../core/at.js'

/**
 * The smallest level L >= 0 with Σ slope · min(L, limit) = needed, exact up to the rounding of sums. The sum is concave in
 * L, so L is reached from below: assume that no term is at its limit, cap those that are, and solve again for the others.
 * Capped terms stay capped and drop out. A pass over the others costs one multiplication and one comparison each, and few
 * passes suffice; sorting all limits would take n log n (the method of Michelot, "A finite algorithm for finding the
 * projection of a point onto the canonical simplex", 1986, for other constraints).
 * @param slopes All > 0; overwritten.
 * @param limits All > 0; overwritten.
 * @param count How many of the entries count.
 * @param needed At least 0.
 * @returns Infinity if all terms at their limits add up to no more than `needed`.
 */
export function cappedSumLevel(slopes: Float64Array, limits: Float64Array, count: number, needed: number): number {
	let open = count
	let rest = needed
	let level = 0
	while (open > 0) {
		let slope = 0
		for (let index = 0; index < open; index++) slope += slopes[index] ?? missing
		// If the remainder is only rounding, it says nothing about terms with almost no slope: the level never falls.
		level = Math.max(level, rest / slope)
		let kept = 0
		for (let index = 0; index < open; index++) {
			const own = slopes[index] ?? missing
			const limit = limits[index] ?? missing
			if (limit <= level) rest -= own * limit
			else {
				slopes[kept] = own
				limits[kept] = limit
				kept++
			}
		}
		if (kept === open) return level
		open = kept
	}
	return Number.POSITIVE_INFINITY
}
