import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cappedSumLevel } from './capped-sum.js'

const level = (terms: readonly (readonly [number, number])[], needed: number) =>
	cappedSumLevel(
		Float64Array.from(terms, ([slope]) => slope),
		Float64Array.from(terms, ([, limit]) => limit),
		terms.length,
		needed,
	)

describe('cappedSumLevel', () => {
	it('solves for the level', () => {
		const terms = [
			[1, 0.1],
			[2, 0.5],
			[1, 3],
		] as const
		expect(level(terms, 0)).toBe(0)
		expect(level(terms, 0.2)).toBeCloseTo(0.05, 15)
		expect(level(terms, 0.7)).toBeCloseTo(0.2, 15)
		expect(level(terms, 2.1)).toBeCloseTo(1, 15)
		expect(level(terms, 4.2)).toBe(Number.POSITIVE_INFINITY)
		expect(level([], 1)).toBe(Number.POSITIVE_INFINITY)
	})

	it('is not misled by what rounding leaves for terms of next to no slope', () => {
		// The second term alone gives what is needed; beside it the first is nothing.
		for (const slope of [1e-45, 1e-30, 5e-324]) {
			expect(
				level(
					[
						[slope, 1],
						[1, 0.5],
					],
					0.5,
				),
			).toBeGreaterThanOrEqual(0.5)
			expect(
				level(
					[
						[slope, 1],
						[0.3, 0.1],
						[0.7, 0.1],
					],
					0.1 * 0.3 + 0.1 * 0.7,
				),
			).toBeGreaterThan(0.1 - 1e-12)
		}
	})

	it('agrees with bisection', () => {
		const term = fc.tuple(fc.double({ min: 1e-6, max: 10, noNaN: true }), fc.double({ min: 1e-6, max: 1, noNaN: true }))
		const terms = fc.array(term, { minLength: 1, maxLength: 20 })
		fc.assert(
			fc.property(terms, fc.double({ min: 0, max: 0.999, noNaN: true }), (terms, share) => {
				const sum = (level: number) => terms.reduce((sum, [slope, limit]) => sum + slope * Math.min(level, limit), 0)
				const needed = share * sum(1)
				let [low, high] = [0, 1]
				for (let halving = 0; halving < 100; halving++) {
					const middle = (low + high) / 2
					if (sum(middle) < needed) low = middle
					else high = middle
				}
				expect(Math.abs(sum(level(terms, needed)) - needed)).toBeLessThan(1e-12 * Math.max(1, needed))
				expect(level(terms, needed)).toBeCloseTo(high, 6)
			}),
		)
	})
})
