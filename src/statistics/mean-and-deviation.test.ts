import { expect, test } from 'vitest'
import { meanAndDeviation } from './mean-and-deviation.js'

test('divides by n - 1, as a sample of seeds asks for', () => {
	const { mean, deviation } = meanAndDeviation([2, 4, 4, 4, 5, 5, 7, 9])
	expect(mean).toBe(5)
	expect(deviation).toBeCloseTo(Math.sqrt(32 / 7), 14)
})

test('says nothing about the spread of a single seed', () => {
	expect(meanAndDeviation([0.25])).toEqual({ mean: 0.25 })
})

test('refuses no values and values that are no numbers', () => {
	expect(() => meanAndDeviation([])).toThrow('got none')
	expect(() => meanAndDeviation([1, Number.NaN])).toThrow('got 1, NaN')
})
