import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { mcnemarOf, mcnemarTest } from './mcnemar.js'

describe('mcnemarTest', () => {
	it.each([
		[0, 0, 1],
		[0, 1, 1],
		[0, 5, 2 / 32],
		[5, 0, 2 / 32],
		// 2 · (1 + 10 + 45) / 1024
		[2, 8, 112 / 1024],
		[6, 6, 1],
	])('of %i and %i is %f', (first, second, expected) => {
		expect(mcnemarTest(first, second)).toBeCloseTo(expected, 12)
	})

	it('does not underflow', () => {
		expect(mcnemarTest(1500, 1500)).toBe(1)
		const value = mcnemarTest(1400, 1600)
		// Normal approximation with continuity correction: z = 199 / sqrt(3000) = 3.633.
		expect(value).toBeGreaterThan(2.4e-4)
		expect(value).toBeLessThan(3.2e-4)
	})

	it('refuses what are no counts', () => {
		expect(() => mcnemarTest(-1, 2)).toThrow(NaptuneError)
		expect(() => mcnemarTest(0.5, 2)).toThrow(/whole numbers/)
	})
})

describe('mcnemarOf', () => {
	const first = [true, true, true, false, true]
	const second = [true, false, false, true, false]

	it('counts the images that only one gets right', () => {
		expect(mcnemarOf(first, second)).toEqual({ onlyFirst: 3, onlySecond: 1, p: mcnemarTest(3, 1) })
		expect(mcnemarOf(second, first)).toMatchObject({ onlyFirst: 1, onlySecond: 3 })
	})

	it('refuses other images', () => {
		expect(() => mcnemarOf(first, [true])).toThrow('got 5 and 1')
	})
})
