/** Cases of operators that choose entries by index or size. */

import fc from 'fast-check'
import { elementCount, int64, tensor } from '../../../core/tensor.js'
import { integers, scalar } from '../../emit.js'
import { int, text } from '../../operator.js'
import * as ops from '../../ops.js'
import { uniform } from '../gradient-check.test.support.js'
import {
	between,
	declare,
	distinct,
	operand,
	shapeAndAxis,
	shapes,
	unaryTrials,
	whole,
} from '../trials.test.support.js'
import { type Cases, emit, inDouble } from './case.test.support.js'

const anything = between(-2, 2)

export const indexCases: Cases = {
	Gather: [
		inDouble(
			shapeAndAxis(1, 3).chain(({ shape, axis, mask, seed }) =>
				shapes(0, 2).map((indexShape) => {
					const random = uniform(seed)
					const along = axis < 0 ? axis + shape.length : axis
					const size = shape[along]!
					const indices = int64(indexShape, whole(-size, size, elementCount(indexShape), random))
					// With several index axes, sizes after the axis must be fixed; see the rule.
					const fixedAfter = indexShape.length > 1
					return {
						operands: [
							operand(
								shape,
								anything,
								random,
								declare(shape, mask, (at) => !fixedAfter || at <= along),
							),
						],
						fixed: [{ value: indices }],
						build: ([x], [chosen]) => ops.gather(x!, chosen!, axis),
					}
				}),
			),
		),
	],
	GatherElements: [
		inDouble(
			shapeAndAxis(1, 3).chain(({ shape, axis, mask, seed }) =>
				fc.integer({ min: 1, max: 4 }).map((length) => {
					const random = uniform(seed)
					const along = axis < 0 ? axis + shape.length : axis
					const indexShape = shape.map((size, at) => (at === along ? length : size))
					const size = shape[along]!
					return {
						operands: [operand(shape, anything, random, declare(shape, mask))],
						fixed: [{ value: int64(indexShape, whole(-size, size, elementCount(indexShape), random)) }],
						build: ([x], [chosen]) => ops.gatherElements(x!, chosen!, axis),
					}
				}),
			),
		),
	],
	ScatterElements: [
		inDouble(
			shapeAndAxis(1, 3).chain(({ shape, axis, mask, seed }) =>
				fc.integer({ min: 1, max: 4 }).map((length) => {
					const random = uniform(seed)
					const along = axis < 0 ? axis + shape.length : axis
					const indexShape = shape.map((size, at) => (at === along ? length : size))
					const places = Int32Array.from(whole(-shape[along]!, shape[along]!, elementCount(indexShape), random))
					return {
						operands: [operand(shape, anything, random, declare(shape, mask)), operand(indexShape, anything, random)],
						fixed: [{ value: tensor('int32', indexShape, places) }],
						build: ([x, updates], [chosen]) =>
							emit('ScatterElements', [x!, chosen!, updates!], { axis: int(axis), reduction: text('add') }),
					}
				}),
			),
		),
	],
	ScatterND: [
		inDouble(
			fc
				.record({ width: fc.integer({ min: 1, max: 3 }), row: fc.nat(3), seed: fc.nat() })
				.map(({ width, row, seed }) => {
					const random = uniform(seed)
					return {
						operands: [operand([4, width], anything, random)],
						fixed: [{ value: int64([1, 1], [row]) }, { value: tensor('float64', [1, width], new Float64Array(width)) }],
						build: ([x], [place, updates]) => emit('ScatterND', [x!, place!, updates!]),
					}
				}),
			'to the data',
		),
	],
	Range: [
		inDouble(
			unaryTrials(
				anything,
				(x) => {
					const size = ops.gather(ops.shapeOf(x), scalar(0, 'int64'), 0)
					const numbers = emit('Range', [scalar(0, 'int64'), size, scalar(1, 'int64')])
					return ops.gather(ops.mul(x, x), numbers, 0)
				},
				1,
				1,
			),
			'of a symbolic size',
		),
	],
	ArgMax: [
		inDouble(
			shapeAndAxis(1, 3).map(({ shape, axis, mask, seed }) => ({
				operands: [operand(shape, distinct, uniform(seed), declare(shape, mask))],
				build: ([x]) => ops.cast(ops.argMax(x!, axis, seed % 2 === 0), 'float64'),
			})),
		),
	],
	TopK: [
		inDouble(
			shapeAndAxis(1, 3).map(({ shape, axis, mask, seed }) => {
				const along = axis < 0 ? axis + shape.length : axis
				return {
					operands: [
						operand(
							shape,
							distinct,
							uniform(seed),
							declare(shape, mask, (at) => at !== along),
						),
					],
					build: ([x]) => ops.topK(x!, 1 + (seed % shape[along]!), axis).values,
				}
			}),
		),
		inDouble(
			unaryTrials(distinct, (x) => emit('TopK', [x, integers([1])], { axis: int(0), largest: int(0) }), 1, 1).filter(
				({ operands }) => typeof operands[0]!.declared![0] === 'number',
			),
			'smallest',
		),
	],
}
