import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { areaUnderRoc, falsePositives, isFlagged, pValue } from './calibration.js'

describe('pValue', () => {
	it('is the share that scores at least as high, with one added to both counts', () => {
		const sorted = [1, 2, 2, 3]
		expect(pValue(sorted, 4)).toBe(1 / 5)
		expect(pValue(sorted, 3)).toBe(2 / 5)
		expect(pValue(sorted, 2)).toBe(4 / 5)
		expect(pValue(sorted, 1.5)).toBe(4 / 5)
		expect(pValue(sorted, 0)).toBe(1)
	})
})

describe('falsePositives', () => {
	const sorted = Array.from({ length: 19 }, (_, index) => index + 1)

	it('flags what lies above the threshold', () => {
		// 20 places: at 10 % two of them, of which one is the image itself.
		expect(falsePositives(sorted, 0.1)).toEqual({
			target: 0.1,
			threshold: 18,
			flaggedOfOwn: 1,
			images: 19,
		})
		expect(isFlagged(sorted, 18, 0.1)).toBe(false)
		expect(isFlagged(sorted, 18.01, 0.1)).toBe(true)
		expect(falsePositives(sorted, 0.05)).toMatchObject({ threshold: 19, flaggedOfOwn: 0 })
	})

	it('flags nothing where there are too few images for the rate', () => {
		expect(falsePositives(sorted, 0.049)).toMatchObject({ threshold: null, flaggedOfOwn: 0 })
		expect(isFlagged(sorted, 1e9, 0.049)).toBe(false)
	})

	it('never flags more clean images than asked for, and its threshold says which', () => {
		fc.assert(
			fc.property(
				fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 60 }),
				fc.double({ min: 0.001, max: 0.999, noNaN: true }),
				fc.integer({ min: -1, max: 10 }),
				(scores, rate, probe) => {
					const ascending = [...scores].sort((a, b) => a - b)
					const { flaggedOfOwn, threshold } = falsePositives(ascending, rate)
					expect(flaggedOfOwn / scores.length).toBeLessThanOrEqual(rate)
					expect(flaggedOfOwn).toBe(ascending.filter((score) => threshold !== null && score > threshold).length)
					expect(isFlagged(ascending, probe, rate)).toBe(threshold !== null && probe > threshold)
				},
			),
		)
	})

	it('flags at most that share of new images like the clean ones: each image of a sample, left out in turn', () => {
		fc.assert(
			fc.property(
				fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 40 }),
				fc.double({ min: 0.001, max: 0.999, noNaN: true }),
				(scores, rate) => {
					const flagged = scores.filter((score, left) => {
						const others = scores.filter((_, at) => at !== left).sort((a, b) => a - b)
						return isFlagged(others, score, rate)
					})
					expect(flagged.length / scores.length).toBeLessThanOrEqual(rate)
				},
			),
		)
	})

	it('refuses rates outside of (0, 1) and no scores', () => {
		for (const rate of [0, 1, Number.NaN]) expect(() => falsePositives(sorted, rate)).toThrow(/between 0 and 1/)
		expect(() => falsePositives([], 0.1)).toThrow(/got none/)
	})
})

describe('areaUnderRoc', () => {
	it('is the share of pairs in which the attacked image scores higher', () => {
		expect(areaUnderRoc([1, 2], [3, 4])).toBe(1)
		expect(areaUnderRoc([3, 4], [1, 2])).toBe(0)
		expect(areaUnderRoc([1, 2, 3], [1, 2, 3])).toBe(0.5)
		// Pairs (2 > 1), (2 = 2), (2 < 5): one and a half of three.
		expect(areaUnderRoc([5, 1, 2], [2])).toBe(0.5)
		expect(areaUnderRoc([1, 1, 4], [1, 5])).toBe((1 + 3) / 6)
		expect(() => areaUnderRoc([], [1])).toThrow(/clean and of attacked/)
	})
})
