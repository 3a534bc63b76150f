import { describe, expect, it } from 'vitest'
import { meanInterval } from '../../statistics/mean-interval.js'
import { tokenDistance } from './token-distance.js'
import { createTokenSpread } from './token-spread.js'

describe('tokenDistance', () => {
	it('is what a hand works out', () => {
		const clean = Float32Array.of(3, 4, 0, 2)
		const perturbed = Float32Array.of(4, -3, 0, 5)
		// Differences (-1, 7) and (0, -3): 59 in squares; norms 5 and 2: 29. The first token turns by 90°, the second not.
		const found = tokenDistance(clean, perturbed, 2)
		expect(found.absolute).toBeCloseTo(Math.sqrt(59 / 2), 12)
		expect(found.relative).toBeCloseTo(Math.sqrt(59 / 29), 12)
		expect(found.norm).toBeCloseTo(Math.sqrt(29 / 2), 12)
		expect(found.cosine).toBeCloseTo(0.5, 12)
	})

	it('is 0 for equal tokens, exactly', () => {
		const tokens = Float32Array.from({ length: 30 }, (_, index) => Math.sin(index) / 3)
		expect(tokenDistance(tokens, tokens.slice(), 6)).toMatchObject({ absolute: 0, relative: 0, cosine: 0 })
		expect(tokenDistance(new Float32Array(4), new Float32Array(4), 2)).toMatchObject({
			relative: 0,
			cosine: 0,
			norm: 0,
		})
	})
})

describe('token spread', () => {
	it('is the deviation from the mean over images', () => {
		const spread = createTokenSpread()
		const images = [
			[1, 2, 5, 5],
			[3, 2, 5, 9],
			[5, 2, 5, 1],
		]
		for (const image of images) spread.add(Float32Array.from(image))
		// The first token varies by 4 + 0 + 4 around (3, 2), the second by 0 + 16 + 16 around (5, 5); two degrees of freedom.
		expect(spread.of(2, 0, 2)).toBeCloseTo(2, 12)
		expect(spread.of(2, 2, 4)).toBeCloseTo(4, 12)
		expect(spread.of(2)).toBeCloseTo(Math.sqrt((4 + 16) / 2), 12)
	})

	it('is exactly 0 where all images have the same tokens', () => {
		const spread = createTokenSpread()
		for (let image = 0; image < 7; image++) spread.add(Float32Array.of(0.1, 1 / 3))
		expect(spread.of(2)).toBe(0)
	})
})

describe('meanInterval', () => {
	it('is the normal one', () => {
		const { mean, interval } = meanInterval([1, 2, 3, 4])
		expect(mean).toBe(2.5)
		// Standard deviation √(5/3), standard error √(5/12).
		expect(interval[1] - mean).toBeCloseTo(1.959963984540054 * Math.sqrt(5 / 12), 12)
		expect(mean - interval[0]).toBeCloseTo(interval[1] - mean, 12)
	})

	it.each([[[]], [[1]], [[1, Number.NaN]], [[1, Number.POSITIVE_INFINITY]]])('refuses %j', (values) => {
		expect(() => meanInterval(values)).toThrow(/at least two finite values/)
	})
})
