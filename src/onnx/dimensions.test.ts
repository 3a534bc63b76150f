import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { broadcastShapes, isDimension, normalizeAxis, product, quotient, staticDimension } from './dimensions.js'

describe('symbolic sizes', () => {
	it('have one way to be written', () => {
		expect(product(['B', 50])).toBe('50*B')
		expect(product(['50*B', 2])).toBe('100*B')
		expect(product(['C', 'B'])).toBe('B*C')
		expect(product([2, 3, 4])).toBe(24)
		expect(product([])).toBe(1)
		expect(product(['B', 0])).toBe(0)
	})

	it('divide where the result is certain', () => {
		expect(quotient('600*B', '12*B')).toBe(50)
		expect(quotient('600*B', 12)).toBe('50*B')
		expect(quotient('B*C', 'B')).toBe('C')
		expect(quotient('B', 'B')).toBe(1)
		expect(quotient(50, 7)).toBeUndefined()
		expect(quotient('B', 2)).toBeUndefined()
		expect(quotient('B', 'C')).toBeUndefined()
		expect(quotient(5, 0)).toBeUndefined()
	})

	const dimension = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom('B', 'C', '3*B', 'B*C', '7*B*C'))
	it('come back when a product is divided by a factor', () => {
		fc.assert(
			fc.property(dimension, dimension, (a, b) => {
				expect(quotient(product([a, b]), b)).toBe(product([a]))
			}),
			{ seed: 1 },
		)
	})

	it('are recognised', () => {
		for (const size of [0, 1, 224, 'B', '50*B', 'batch_size', 'a.b*3']) expect(isDimension(size), `${size}`).toBe(true)
		for (const size of [-1, 1.5, Number.NaN, 2 ** 60, '', 'B*', '*', 'B+1', '2B', null]) {
			expect(isDimension(size), `${size}`).toBe(false)
		}
	})
})

describe('broadcastShapes', () => {
	it('follows NumPy, symbols included', () => {
		expect(broadcastShapes(['B', 1, 3], [5, 1], 'Add')).toEqual(['B', 5, 3])
		expect(broadcastShapes([], ['B', 2], 'Add')).toEqual(['B', 2])
		expect(broadcastShapes(['50*B', 1], ['50*B', 768], 'Add')).toEqual(['50*B', 768])
	})

	it('refuses sizes that are not known to be equal', () => {
		expect(() => broadcastShapes(['B', 3], ['C', 3], 'Add')).toThrow(
			'Add cannot broadcast [B, 3] with [C, 3]: sizes on an axis must be equal or 1.',
		)
		expect(() => broadcastShapes([2], [3], 'Mul')).toThrow(NaptuneError)
	})
})

it('counts axes from either end and names the bounds', () => {
	expect(normalizeAxis(-1, 3, 'Softmax')).toBe(2)
	expect(normalizeAxis(0, 3, 'Softmax')).toBe(0)
	expect(() => normalizeAxis(3, 3, 'Softmax')).toThrow('Softmax was given axis 3 for a tensor of rank 3; use -3 to 2.')
	expect(() => normalizeAxis(0.5, 3, 'Softmax')).toThrow(NaptuneError)
	expect(() => normalizeAxis(0, 0, 'Softmax')).toThrow(NaptuneError)
})

it('says where a fixed size is needed', () => {
	expect(staticDimension(['B', 3], 1, 'Concat')).toBe(3)
	expect(() => staticDimension(['B', 3], 0, 'Concat')).toThrow('Concat needs a fixed size on axis 0 of [B, 3]')
})
