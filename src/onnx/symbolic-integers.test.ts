import { describe, expect, it } from 'vitest'
import { emitter, integers, scalar } from './emit.js'
import { ops, type Value } from './index.js'
import { int } from './operator.js'
import { symbolicIntegers } from './symbolic-integers.js'

const emit = emitter('')
const x = ops.input('x', 'float32', ['B', 50, 768])
const part = (index: number) => emit('Gather', [ops.shapeOf(x), integers([index])], { axis: int(0) })

describe('symbolicIntegers', () => {
	const cases: readonly [string, Value, readonly (number | string)[] | undefined][] = [
		['a constant', integers([3, -1]), [3, -1]],
		['a scalar', scalar(7, 'int64'), [7]],
		['a shape', ops.shapeOf(x), ['B', 50, 768]],
		['part of a shape', emit('Shape', [x], { start: int(1), end: int(-1) }), [50]],
		['one size', part(0), ['B']],
		['a size counted from the end', part(-1), [768]],
		['a slice', ops.slice(ops.shapeOf(x), 0, 0, 2), ['B', 50]],
		['joined sizes', ops.concat([part(0), integers([-1, 12])], 0), ['B', -1, 12]],
		['a product', ops.mul(part(0), part(1)), ['50*B']],
		['a quotient', ops.div(part(2), scalar(12, 'int64')), [64]],
		['a quotient of symbols', ops.div(ops.mul(part(0), part(1)), part(0)), [50]],
		['a sum', ops.add(part(1), scalar(1, 'int64')), [51]],
		['a sum with a symbol, which is no product', ops.add(part(0), scalar(1, 'int64')), undefined],
		['squeezed, unsqueezed and cast', ops.cast(ops.unsqueeze(ops.squeeze(part(0), [0]), [0]), 'int32'), ['B']],
		['a comparison that is certain', ops.equal(ops.shapeOf(x), -1), [0, 0, 0]],
		['a comparison that is not', ops.equal(part(0), scalar(4, 'int64')), undefined],
		[
			'a choice',
			ops.where(ops.equal(integers([-1, 50]), -1), ops.concat([part(0), part(0)], 0), integers([4, 5])),
			['B', 5],
		],
		['data', ops.cast(ops.reduceSum(x), 'int64'), undefined],
		['a fed tensor', ops.input('n', 'int64', [2]), undefined],
		['an index out of range', part(3), undefined],
		['a division by zero', ops.div(part(1), scalar(0, 'int64')), undefined],
	]
	it.each(cases)('%s', (_, value, expected) => {
		expect(symbolicIntegers(value)).toEqual(expected)
	})

	it('gives up on computations too deep to follow, instead of overflowing the stack', () => {
		let sum: Value = scalar(0, 'int64')
		for (let at = 0; at < 20_000; at++) sum = ops.add(sum, 1)
		expect(symbolicIntegers(sum)).toBeUndefined()
	})

	it('visits shared parts once', () => {
		let doubled: Value = scalar(1, 'int64')
		for (let at = 0; at < 40; at++) doubled = ops.add(doubled, doubled)
		expect(symbolicIntegers(doubled)).toEqual([2 ** 40])
	})
})

it('lets shape rules see shapes that a graph computes', () => {
	const heads = ops.concat([part(0), part(1), integers([12, 64])], 0)
	expect(emit('Reshape', [x, heads]).shape).toEqual(['B', 50, 12, 64])
	const flat = ops.concat([ops.mul(part(0), part(1)), integers([-1])], 0)
	expect(emit('Reshape', [x, flat]).shape).toEqual(['50*B', 768])
	const token = ops.input('token', 'float32', [1, 1, 768])
	expect(emit('Expand', [token, ops.concat([part(0), integers([-1 + 2, 768])], 0)]).shape).toEqual(['B', 1, 768])
	expect(() => emit('Reshape', [x, ops.input('target', 'int64', [2])])).toThrow('depends on data')
})
