/** One iteration of APGD for one image, in L-infinity and in L2. */

import { missing } from '../../../core/at.js'
import type { Norm } from '../../sets/threat-model.js'

/** Pixels in the precision of a run. */
export type Pixels = Float32Array | Float64Array

/** The position of a batch: [B, n] arrays, one row per image. */
export interface ApgdPosition<P extends Pixels> {
	readonly clean: P
	/** The iterate that the gradient was taken at. */
	readonly current: P
	/** The iterate of the previous iteration. */
	readonly previous: P
	readonly gradient: P
}

/**
 * Writes the next iterate of one image, `start` to `end` of the arrays, into `next`: a step and its projection, of which
 * `share` is taken and the rest repeats the last change, then another projection. It computes in float64 and rounds to the
 * precision of the arrays once, at the end.
 * @param share 1 in the first iteration, 0.75 later.
 */
export type ApgdMove = <P extends Pixels>(
	position: ApgdPosition<P>,
	next: P,
	range: { readonly start: number; readonly end: number },
	stepSize: number,
	share: number,
) => void

/** The move for a norm and radius, with projections to the ball and then to the box [0, 1]. */
export function apgdMove(norm: Norm, epsilon: number): ApgdMove {
	return norm === 'linf' ? linfMove(epsilon) : l2Move(epsilon)
}

const cut = (value: number) => (value < 0 ? 0 : value > 1 ? 1 : value)

/** A step along the sign of the gradient, with sign 0 for 0. */
function linfMove(epsilon: number): ApgdMove {
	const project = (value: number, center: number) => cut(Math.min(Math.max(value, center - epsilon), center + epsilon))
	return ({ clean, current, previous, gradient }, next, { start, end }, stepSize, share) => {
		for (let at = start; at < end; at++) {
			const center = clean[at] ?? missing
			const from = current[at] ?? missing
			const slope = gradient[at] ?? missing
			const stepped = project(from + (slope > 0 ? stepSize : slope < 0 ? -stepSize : 0), center)
			const inertia = from - (previous[at] ?? missing)
			next[at] = project(from + (stepped - from) * share + inertia * (1 - share), center)
		}
	}
}

/** Added to the lengths that divide a gradient or change. */
const tiny = 1e-12

/** A step along the gradient divided by its length. */
function l2Move(epsilon: number): ApgdMove {
	let point = new Float64Array(0)
	return ({ clean, current, previous, gradient }, next, { start, end }, stepSize, share) => {
		const size = end - start
		if (point.length !== size) point = new Float64Array(size)
		const project = () => {
			let squares = 0
			for (let index = 0; index < size; index++)
				squares += ((point[index] ?? missing) - (clean[start + index] ?? missing)) ** 2
			const length = Math.sqrt(squares)
			const scale = Math.min(epsilon, length) / (length + tiny)
			for (let index = 0; index < size; index++) {
				const center = clean[start + index] ?? missing
				point[index] = cut(center + ((point[index] ?? missing) - center) * scale)
			}
		}
		let squares = 0
		for (let at = start; at < end; at++) squares += (gradient[at] ?? missing) ** 2
		const stride = stepSize / (Math.sqrt(squares) + tiny)
		for (let index = 0; index < size; index++) {
			point[index] = (current[start + index] ?? missing) + stride * (gradient[start + index] ?? missing)
		}
		project()
		for (let index = 0; index < size; index++) {
			const from = current[start + index] ?? missing
			const inertia = from - (previous[start + index] ?? missing)
			point[index] = from + ((point[index] ?? missing) - from) * share + inertia * (1 - share)
		}
		project()
		next.set(point, start)
	}
}
