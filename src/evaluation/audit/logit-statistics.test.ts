import { describe, expect, it } from 'vitest'
import { float32 } from '../../onnx/index.js'
import { areProbabilities, crossEntropies, largestDistance, margins, median } from './logit-statistics.js'

describe('statistics of logits', () => {
	const logits = float32([2, 3], [1, 3, 2, -20_000, 0, 20_000])

	it('gives cross entropies without overflow', () => {
		const [first, second] = crossEntropies(logits, [1, 0])
		expect(first).toBeCloseTo(Math.log(1 + Math.exp(-1) + Math.exp(-2)), 12)
		expect(second).toBe(40_000)
	})

	it('gives margins, above 0 where the label is not predicted', () => {
		expect(margins(logits, [1, 0])).toEqual([-1, 40_000])
	})

	it('knows probabilities by range and sum, within rounding', () => {
		expect(areProbabilities(float32([2, 2], [0.25, 0.75, 1, 0]))).toBe(true)
		expect(areProbabilities(float32([2, 2], [0.25, 0.75, 0.5, 0.6]))).toBe(false)
		expect(areProbabilities(float32([1, 2], [-0.5, 1.5]))).toBe(false)
	})

	it('measures distances of directions', () => {
		expect(largestDistance(float32([2, 2], [1, 0, 3, 0]), float32([2, 2], [2, 0, 0, 5]))).toBeCloseTo(Math.SQRT2, 8)
	})

	it('finds the middle', () => {
		expect(median([3, 1, 2])).toBe(2)
		expect(median([4, 1, 3, 2])).toBe(2.5)
		expect(median([])).toBeNaN()
	})
})
