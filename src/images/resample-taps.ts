/** Computes the input positions and weights of one output position of a resized line (Pillow's `Resample.c`). */

import type { Filter } from './resample-filters.js'

/** Neighbouring input positions and their weights, which sum to 1. */
export interface Taps {
	/** The first input position. */
	readonly first: number
	readonly weights: Float64Array
}

/**
 * The taps of one output position, antialiased when scaling down.
 * @param from Length of the input line. @param to Length of the whole output line.
 * @param position Output position, from 0 to `to` - 1.
 */
export function resampleTaps(from: number, to: number, position: number, { support, weight }: Filter): Taps {
	const scale = from / to
	const stretch = Math.max(scale, 1)
	const reach = support * stretch
	const inverse = 1 / stretch
	const center = (position + 0.5) * scale
	const first = Math.max(Math.trunc(center - reach + 0.5), 0)
	const count = Math.min(Math.trunc(center + reach + 0.5), from) - first
	const exact = Float64Array.from({ length: count }, (_, tap) => weight((tap + first - center + 0.5) * inverse))
	const sum = exact.reduce((total, value) => total + value, 0)
	return { first, weights: sum === 0 ? exact : exact.map((value) => value / sum) }
}
