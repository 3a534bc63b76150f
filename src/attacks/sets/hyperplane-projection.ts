/**
 * Projection onto a hyperplane inside the box [0, 1] (Croce and Hein, "Minimally distorted adversarial examples with a fast
 * adaptive boundary attack", 2020, section 2 and appendix).
 */

import { missing } from '../../core/at.js'
import { cappedSumLevel } from './capped-sum.js'
import type { Norm } from './threat-model.js'

/** Numbers in either precision. */
export type Numbers = Float32Array | Float64Array

/**
 * Finds the smallest change d with normal · (point + d) = offset and point + d in the box. If the plane misses the box, d
 * leads to the nearest corner. Entries with normal 0 do not move.
 * @param point In [0, 1].
 * @param excess normal · point - offset: how far the point is on the plane's positive side.
 * @param change Receives d.
 */
export type HyperplaneProjection = (point: Numbers, normal: Numbers, excess: number, change: Float64Array) => void

/**
 * A projection for points with this many entries, in float64. Every entry moves towards the side of the box that is nearer
 * to the plane, until it gets there: in L-infinity all by the same step, in L2 by a multiple of the normal. (In L2 the
 * reference implementation treats entries of a normal below 1e-8 as 0; this one does not.)
 */
export function hyperplaneProjection(norm: Norm, size: number): HyperplaneProjection {
	const slopes = new Float64Array(size)
	const limits = new Float64Array(size)
	const linf = norm === 'linf'
	return (point, normal, excess, change) => {
		const direction = excess < 0 ? -1 : 1
		let count = 0
		// The signs of a gradient are practically random: arithmetic on the bound instead of branches saves up to half of
		// the time.
		for (let index = 0; index < size; index++) {
			const weight = direction * (normal[index] ?? missing)
			const bound = Number(weight < 0)
			const room = Math.abs(bound - (point[index] ?? missing))
			if (weight === 0 || room === 0) continue
			const length = Math.abs(weight)
			slopes[count] = linf ? length : length * length
			limits[count] = linf ? room : room / length
			count++
		}
		const level = cappedSumLevel(slopes, limits, count, Math.abs(excess))
		for (let index = 0; index < size; index++) {
			const weight = direction * (normal[index] ?? missing)
			const bound = Number(weight < 0)
			const room = Math.abs(bound - (point[index] ?? missing))
			const step = linf ? level : level * Math.abs(weight)
			change[index] = weight === 0 ? 0 : (2 * bound - 1) * Math.min(room, step)
		}
	}
}

/** The norm of a vector. */
export function vectorNorm(norm: Norm, values: Numbers): number {
	let total = 0
	if (norm === 'l2') {
		for (let index = 0; index < values.length; index++) {
			const value = values[index] ?? missing
			total += value * value
		}
		return Math.sqrt(total)
	}
	for (let index = 0; index < values.length; index++) total = Math.max(total, Math.abs(values[index] ?? missing))
	return total
}

/** The dual norm of a vector: the largest change of the linear function over a unit ball. */
export function dualNorm(norm: Norm, values: Numbers): number {
	if (norm === 'l2') return vectorNorm('l2', values)
	let total = 0
	for (let index = 0; index < values.length; index++) total += Math.abs(values[index] ?? missing)
	return total
}
