import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { range } from '../../core/rows.js'
import { generator } from '../../random/counter-based.js'
import { dualNorm, hyperplaneProjection, vectorNorm } from './hyperplane-projection.js'
import type { Norm } from './threat-model.js'

const norms: readonly Norm[] = ['linf', 'l2']
const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, at) => sum + value * b[at]!, 0)
function project(norm: Norm, point: readonly number[], normal: readonly number[], offset: number): Float64Array {
	const [at, weights] = [Float64Array.from(point), Float64Array.from(normal)]
	const change = new Float64Array(point.length).fill(Number.NaN)
	hyperplaneProjection(norm, point.length)(at, weights, dot(weights, at) - offset, change)
	return change
}

/** What is reachable from a point towards a plane: the way that entries can go, and how far the plane is. */
function way(point: Float64Array, normal: Float64Array, excess: number) {
	const toward = normal.map((weight) => (excess < 0 ? -weight : weight))
	const rooms = Array.from(toward, (weight, at) => (weight > 0 ? point[at]! : weight < 0 ? 1 - point[at]! : 0))
	const lengths = Array.from(toward, Math.abs)
	const total = rooms.reduce((sum, room, at) => sum + room * lengths[at]!, 0)
	return { toward, rooms, lengths, total }
}

describe('the projection in L-infinity', () => {
	it.each([
		[[0.5, 0.5, 0.5, 0.5], [1, -2, 0.5, 0], -1, [-3 / 14, 3 / 14, -3 / 14, 0]],
		[[0.1, 0.9, 0.5, 0.3], [1, 1, 1, 1], 1, [-0.1, -0.7 / 3, -0.7 / 3, -0.7 / 3]],
		[[0.1, 0.9, 0.5, 0.3], [1, 1, 1, 1], 0.2, [-0.1, -0.7, -0.5, -0.3]],
		[[0.1, 0.9, 0.5, 0.3], [1, 1, 1, 1], -1, [-0.1, -0.9, -0.5, -0.3]],
	])('of %j onto %j · u = %d is known', (point, normal, offset, expected) => {
		const change = project('linf', point, normal, offset)
		change.forEach((value, at) => {
			expect(value).toBeCloseTo(expected[at]!, 12)
		})
	})
})

describe('the projection in L2', () => {
	it.each([
		// Nothing in the way: along the normal.
		[[0.5, 0.5], [3, 4], 1, [-0.3, -0.4]],
		// The first entry is held at its border; the second goes the rest of the way.
		[[0.1, 0.9], [1, 1], 0.4, [-0.1, -0.5]],
		[[0.9, 0.1], [-1, 0], -1, [0.1, 0]],
	])('of %j onto %j · u = %d is known', (point, normal, offset, expected) => {
		project('l2', point, normal, offset).forEach((value, at) => {
			expect(value).toBeCloseTo(expected[at]!, 12)
		})
	})
})

describe.each(norms)('the projection in %s', (norm) => {
	const entry = fc.tuple(
		fc.oneof(fc.constantFrom(0, 1, 0.5), fc.double({ min: 0, max: 1, noNaN: true })),
		fc.oneof(fc.constantFrom(0, 1, -1, 1e-9), fc.float({ min: -100, max: 100, noNaN: true })),
	)
	const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1.3, noNaN: true }))

	it('is on the plane, in the box, and no shorter change is', () => {
		fc.assert(
			fc.property(fc.array(entry, { minLength: 1, maxLength: 12 }), share, fc.boolean(), (entries, share, above) => {
				const point = Float64Array.from(entries, ([value]) => value)
				const normal = Float64Array.from(entries, ([, weight]) => weight)
				const sign = above ? 1 : -1
				const { toward, rooms, lengths, total } = way(point, normal, sign)
				const needed = share * total
				const change = new Float64Array(point.length).fill(Number.NaN)
				hyperplaneProjection(norm, point.length)(point, normal, sign * needed, change)
				change.forEach((value, at) => {
					expect(point[at]! + value).toBeGreaterThanOrEqual(0)
					expect(point[at]! + value).toBeLessThanOrEqual(1)
					if (normal[at] === 0) expect(Math.abs(value)).toBe(0)
				})
				const moved = -dot(toward, change)
				expect(Math.abs(moved - Math.min(needed, total))).toBeLessThanOrEqual(1e-9 * Math.max(1, total))
				if (share >= 1 || needed < 1e-6) return
				const length = vectorNorm(norm, change)
				if (norm === 'linf') {
					// The best that any change of a slightly smaller norm can do does not reach the plane.
					const best = rooms.reduce((sum, room, at) => sum + lengths[at]! * Math.min(room, length * (1 - 1e-6)), 0)
					expect(best).toBeLessThan(needed)
					return
				}
				// Weak duality: for every multiplier, the minimum of the Lagrangian bounds the square of every feasible change.
				const bound = (multiplier: number) =>
					rooms.reduce((sum, room, at) => {
						const step = Math.min(room, multiplier * lengths[at]!)
						return sum + step ** 2 / 2 - multiplier * lengths[at]! * step
					}, multiplier * needed)
				const candidates = Array.from(change, (value, at) => Math.abs(value) / lengths[at]!).filter(Number.isFinite)
				const best = Math.max(...candidates.map(bound))
				expect(length ** 2 / 2 - best).toBeLessThanOrEqual(1e-9 * Math.max(1, length ** 2))
			}),
			{ numRuns: 500 },
		)
	})

	it('does not move for a normal of zeros, nor on the plane', () => {
		expect([...project(norm, [0.2, 0.7], [0, 0], -1)].map(Math.abs)).toEqual([0, 0])
		expect([...project(norm, [0.2, 0.7], [0, 0], 1)].map(Math.abs)).toEqual([0, 0])
		expect([...project(norm, [0.5, 0.5], [1, -1], 0)].map(Math.abs)).toEqual([0, 0])
	})

	it('does not depend on what it projected before', () => {
		const shared = hyperplaneProjection(norm, 300)
		const results = range(0, 3).map((round) => {
			const stream = generator(round % 2)
			const point = Float32Array.from(range(0, 300), () => stream.uniform())
			const normal = Float32Array.from(range(0, 300), () => stream.normal())
			const change = new Float64Array(300)
			shared(point, normal, 20 * (round % 2) - 3, change)
			return change
		})
		expect(results[2]).toEqual(results[0])
		expect(results[1]).not.toEqual(results[0])
	})

	it('is exact to rounding for the pixels of a large image at every level', () => {
		const size = 50_000
		const stream = generator(4)
		// Rooms over many orders of magnitude and steep weights: as many passes as it gets.
		const point = Float64Array.from(range(0, size), () => 10 ** (-12 * stream.uniform()))
		const normal = Float64Array.from(range(0, size), () => 10 ** (6 * stream.uniform()))
		const total = dot(point, normal)
		const change = new Float64Array(size)
		const onto = hyperplaneProjection(norm, size)
		for (const share of [1e-9, 1e-4, 0.3, 0.99, 1 - 1e-9]) {
			onto(point, normal, share * total, change)
			expect(Math.abs(dot(normal, change) / (share * total) + 1)).toBeLessThan(1e-9)
		}
	})
})

describe('norms', () => {
	it('have the duals by which a linear function grows', () => {
		const values = Float64Array.of(3, -4, 0)
		expect([vectorNorm('linf', values), dualNorm('linf', values)]).toEqual([4, 7])
		expect([vectorNorm('l2', values), dualNorm('l2', values)]).toEqual([5, 5])
	})
})
