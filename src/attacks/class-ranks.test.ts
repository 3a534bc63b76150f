import { describe, expect, it } from 'vitest'
import { float32 } from '../onnx/tensor.js'
import { likeliestOthers } from './class-ranks.js'

describe('likeliestOthers', () => {
	it('ranks the other classes by logit, of equal ones the lower first', () => {
		const logits = float32(
			[4, 4],
			[1, 5, 3, 4, 2, 2, 2, 2, 0, Number.NEGATIVE_INFINITY, 7, Number.NEGATIVE_INFINITY, 1, 2, 2, 1],
		)
		expect(likeliestOthers(logits, [1, 0, 2, 3])).toEqual([
			[3, 2, 0],
			[1, 2, 3],
			[0, 1, 3],
			[1, 2, 0],
		])
	})
})
