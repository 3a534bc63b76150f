import { describe, expect, it } from 'vitest'
import { float32 } from '../core/tensor.js'
import { predictions } from './predictions.js'

describe('predictions', () => {
	it('takes the largest logit, of equal ones the lowest class', () => {
		const logits = float32([4, 3], [1, 3, 2, 5, 5, 5, -2, -1, -1, Number.NEGATIVE_INFINITY, 0, 0])
		expect(predictions(logits, ['a', 'b', 'c', 'd'])).toEqual([1, 0, 1, 1])
	})

	it('names images without numbers, also where the NaN is not first', () => {
		const logits = float32([3, 2], [1, Number.NaN, 0, 1, Number.NaN, 1])
		expect(() => predictions(logits, ['a', 'b', 'c'])).toThrow(/NaN\) for images a, c\./)
	})
})
