import { describe, expect, it } from 'vitest'
import { wilsonInterval } from './wilson.js'

describe('wilsonInterval', () => {
	it.each([
		[50, 100, 0.4038315, 0.5961685],
		[0, 100, 0, 0.0369935],
		[100, 100, 0.9630065, 1],
		[1, 10, 0.0178762, 0.40415],
	])('of %i in %i is [%f, %f]', (successes, count, low, high) => {
		const interval = wilsonInterval(successes, count)
		expect(interval[0]).toBeCloseTo(low, 5)
		expect(interval[1]).toBeCloseTo(high, 5)
	})

	it.each([
		[1, 0],
		[-1, 5],
		[6, 5],
		[0.5, 5],
	])('refuses %f in %f', (successes, count) => {
		expect(() => wilsonInterval(successes, count)).toThrow(/whole numbers/)
	})
})
