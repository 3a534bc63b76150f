import { describe, expect, it } from 'vitest'
import { createGradientSums } from './gradient-sums.js'

describe('createGradientSums', () => {
	it('rounds once, at the end', () => {
		const sums = createGradientSums(new Map([['a', { shape: [1, 2] }]]))
		// In float32 each of the small terms would be lost.
		sums.add('a', Float32Array.of(1, 2 ** 24))
		for (let time = 0; time < 1000; time++) sums.add('a', Float32Array.of(2 ** -25, 1))
		const { a } = sums.tensors()
		expect(a).toMatchObject({ type: 'float32', shape: [1, 2] })
		expect([...a!.data]).toEqual([Math.fround(1 + 1000 * 2 ** -25), 2 ** 24 + 1000])
	})

	it('holds what got a gradient, and refuses what is no parameter of that size', () => {
		const parameters = new Map([
			['a', { shape: [2] }],
			['b', { shape: [3] }],
		])
		const sums = createGradientSums(parameters)
		sums.add('b', new Float32Array(3))
		expect(Object.keys(sums.tensors())).toEqual(['b'])
		expect(() => sums.add('a', new Float32Array(3))).toThrow(/3 entries came for a/)
		expect(() => sums.add('c', new Float32Array(3))).toThrow(/not a parameter/)
	})
})
