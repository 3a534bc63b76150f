import { describe, expect, it } from 'vitest'
import { float32, int64 } from '../core/tensor.js'
import type { Feeds, InputDeclaration } from './engine.js'
import { checkFeeds } from './feeds.js'

const inputs: InputDeclaration[] = [
	{ name: 'x', type: 'float32', shape: ['B', 3] },
	{ name: 'labels', type: 'int64', shape: ['B'] },
	{ name: 'rows', type: 'float32', shape: ['2*B', 1] },
]
const good: Feeds = {
	x: float32([2, 3], new Float32Array(6)),
	labels: int64([2], [0, 1]),
	rows: float32([4, 1], [1, 2, 3, 4]),
}
const check = (changes: Feeds) => () => checkFeeds('p', inputs, { ...good, ...changes })

describe('checkFeeds', () => {
	it('accepts feeds whose symbolic sizes agree', () => {
		expect(check({})).not.toThrow()
	})

	it('names a missing and an unknown input', () => {
		const { labels: _, ...rest } = good
		expect(() => checkFeeds('p', inputs, rest)).toThrow(
			/Program p was run without input labels, a int64 tensor of shape \[B\]/,
		)
		expect(check({ lables: good.labels! })).toThrow(/no input lables; its inputs are: x, labels, rows/)
	})

	it('names a wrong type and rank', () => {
		expect(check({ labels: float32([2], [0, 1]) })).toThrow(
			/labels of program p was fed float32 \[2\], expected int64 \[B\]/,
		)
		expect(check({ x: float32([6], new Float32Array(6)) })).toThrow(
			/x of program p was fed float32 \[6\], expected float32 \[B, 3\]/,
		)
	})

	it('compares fixed sizes, symbols and multiples of symbols', () => {
		expect(check({ x: float32([2, 4], new Float32Array(8)) })).toThrow(/size 4 is not 3/)
		expect(check({ labels: int64([3], [0, 1, 2]) })).toThrow(/B is 3 here and 2 in x/)
		expect(check({ rows: float32([3, 1], [1, 2, 3]) })).toThrow(/size 3 is not a multiple of 2/)
		expect(check({ rows: float32([6, 1], new Float32Array(6)) })).toThrow(/B is 3 here and 2 in labels/)
	})

	it('looks at the storage', () => {
		const x = { type: 'float32', shape: [2, 3] } as const
		expect(check({ x: { ...x, data: new Float32Array(5) } })).toThrow(/5 elements of data, expected 6/)
		expect(check({ x: { ...x, data: new Float64Array(6) as never } })).toThrow(/in a Float64Array; use a Float32Array/)
		const data = new Float32Array(6)
		structuredClone(data.buffer, { transfer: [data.buffer] })
		expect(check({ x: { ...x, data } })).toThrow(/was its buffer transferred/)
		expect(check({ x: { ...x, shape: [-2, 3], data } })).toThrow(/sizes must be whole numbers/)
	})

	it('accepts resident tensors by type and shape', () => {
		const resident = (shape: number[]) => ({ type: 'float32' as const, shape, release: async () => {} })
		expect(check({ x: resident([2, 3]) })).not.toThrow()
		expect(check({ x: resident([2, 5]) })).toThrow(/size 5 is not 3/)
	})
})
