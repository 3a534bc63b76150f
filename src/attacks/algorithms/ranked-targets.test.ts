import { describe, expect, it } from 'vitest'
import { range } from '../../core/rows.js'
import { float32 } from '../../core/tensor.js'
import { rankedTargets } from './ranked-targets.js'

describe('targets by rank', () => {
	const ranked = (row: readonly number[], label: number) =>
		range(1, row.length).map((rank) => rankedTargets(float32([1, row.length], row), [label], rank)[0])

	it('are the other classes in the order of their logits', () => {
		expect(ranked([2, 1, 0.5, -1, 3], 4)).toEqual([0, 1, 2, 3])
		expect(ranked([2, 1, 0.5, -1, 3], 1)).toEqual([4, 0, 2, 3])
	})

	it('are in the order of classes where logits tie', () => {
		expect(ranked([1, 3, 1, 1, 3], 1)).toEqual([4, 0, 2, 3])
		expect(ranked(new Array(12).fill(0), 3)).toEqual(range(0, 12).filter((index) => index !== 3))
	})

	it('are each image’s own', () => {
		expect(rankedTargets(float32([2, 3], [3, 2, 1, 1, 2, 3]), [0, 2], 1)).toEqual([1, 1])
		expect(rankedTargets(float32([2, 3], [3, 2, 1, 1, 2, 3]), [0, 2], 2)).toEqual([2, 0])
	})
})
