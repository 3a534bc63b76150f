import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinRows, range, rowSize, takeRows } from './rows.js'
import { float32, int64 } from './tensor.js'

describe('takeRows', () => {
	it('copies rows in the order asked for, repeats included', () => {
		const source = float32([3, 2], [0, 1, 10, 11, 20, 21])
		expect(takeRows(source, [2, 0, 2])).toEqual(float32([3, 2], [20, 21, 0, 1, 20, 21]))
		const all = takeRows(source, [0, 1, 2])
		all.data[0] = 9
		expect(source.data[0]).toBe(0)
	})

	it('keeps the type of labels', () => {
		expect(takeRows(int64([3], [5, 6, 7]), [1])).toEqual(int64([1], [6]))
	})
})

describe('joinRows', () => {
	it('undoes a cut anywhere', () => {
		fc.assert(
			fc.property(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 5 }), fc.nat(), (rows, size, cut) => {
				const source = float32([rows, size], range(0, rows * size))
				const at = 1 + (cut % (rows - 1))
				const parts = [takeRows(source, range(0, at)), takeRows(source, range(at, rows))]
				expect(joinRows(parts)).toEqual(source)
				expect(rowSize(source)).toBe(size)
			}),
		)
	})
})
