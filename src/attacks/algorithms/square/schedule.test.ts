import { describe, expect, it } from 'vitest'
import { range } from '../../../core/rows.js'
import { squareShare, squareSide } from './schedule.js'

const fixed = { p: 0.8, queries: 5000, rescaleSchedule: false }
const changes = [0, 11, 51, 201, 501, 1001, 2001, 4001]

describe('the schedule of AutoAttack standard', () => {
	it.each([
		[224, [200, 142, 100, 71, 50, 35, 25, 18]],
		[32, [29, 20, 14, 10, 7, 5, 4, 3]],
	])('has the published sides for %d pixels, and changes nowhere else', (size, sides) => {
		const all = range(0, 5000).map((iteration) => squareSide(iteration, [size, size], fixed, 'linf'))
		expect(changes.map((iteration) => all[iteration])).toEqual(sides)
		expect(all.flatMap((side, at) => (side === all[at - 1] ? [] : [at]))).toEqual(changes)
	})

	it('has odd sides of at least 3 in L2', () => {
		const sides = (size: number) => changes.map((iteration) => squareSide(iteration, [size, size], fixed, 'l2'))
		expect(sides(224)).toEqual([201, 143, 101, 71, 51, 35, 25, 19])
		expect(sides(32)).toEqual([29, 21, 15, 11, 7, 5, 5, 3])
		expect(sides(8)).toEqual([7, 5, 5, 3, 3, 3, 3, 3])
	})

	it.each([
		[[2, 2], 'l2', [2, 2]],
		[[1, 9], 'l2', [1, 1]],
		[[4, 5], 'linf', [4, 1]],
		[[1, 1], 'linf', [1, 1]],
	] as const)('fits squares into images of %j in %s', (size, norm, [first, last]) => {
		expect(squareSide(0, size, fixed, norm)).toBe(first)
		expect(squareSide(4999, size, fixed, norm)).toBe(last)
	})

	it('goes on shrinking beyond 6000 and 8000 iterations', () => {
		const long = { ...fixed, queries: 10_000 }
		const shares = [6000, 6001, 8000, 8001, 9999].map((iteration) => squareShare(iteration, long))
		expect(shares).toEqual([0.8 / 128, 0.8 / 256, 0.8 / 256, 0.8 / 512, 0.8 / 512])
	})
})

describe('the rescaled schedule', () => {
	it('spreads that of 10,000 iterations over those there are', () => {
		const rescaled = { p: 0.5, queries: 500, rescaleSchedule: true }
		const shares = range(0, 500).map((iteration) => squareShare(iteration, rescaled))
		// Iteration i stands for the whole part of 20 i.
		const first = [0, 1, 3, 11, 26, 51, 101, 201, 301, 401]
		expect(shares.flatMap((share, at) => (share === shares[at - 1] ? [] : [at]))).toEqual(first)
		expect(first.map((at) => shares[at])).toEqual(range(0, 10).map((halvings) => 0.5 / 2 ** halvings))
	})
})
