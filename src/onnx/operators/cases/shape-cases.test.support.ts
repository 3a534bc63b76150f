/** Cases of operators that move entries. */

import fc from 'fast-check'
import { elementCount } from '../../../core/tensor.js'
import { integers } from '../../emit.js'
import { int } from '../../operator.js'
import * as ops from '../../ops.js'
import { uniform } from '../gradient-check.test.support.js'
import {
	between,
	declare,
	operand,
	seeds,
	shapeAndAxis,
	shapes,
	someAxes,
	symbolic,
	unaryTrials,
	whole,
} from '../trials.test.support.js'
import { type Cases, emit, inDouble } from './case.test.support.js'

const anything = between(-2, 2)

export const shapeCases: Cases = {
	Reshape: [
		inDouble(
			fc
				.record({ parts: shapes(2, 4), split: fc.nat(4), mask: symbolic, seed: seeds })
				.map(({ parts, split, mask, seed }) => {
					const at = Math.min(split, parts.length)
					const rows = elementCount(parts.slice(0, at))
					return {
						operands: [
							operand(
								parts,
								anything,
								uniform(seed),
								declare(parts, mask, (axis) => axis === 0),
							),
						],
						build: ([x]) => ops.reshape(x!, at === 0 ? [1, -1] : [-1, elementCount(parts) / rows]),
					}
				}),
			'inferring one size',
		),
		inDouble(
			unaryTrials(anything, (x) => ops.reshapeLike(ops.reshape(x, [-1]), x), 1, 4),
			'to a symbolic shape',
		),
		inDouble(
			unaryTrials(anything, (x) => ops.reshape(x, [0, 0, 1, -1]), 3, 4),
			'keeping sizes',
		),
	],
	Unsqueeze: [
		inDouble(unaryTrials(anything, (x) => ops.unsqueeze(x, [0, -1]))),
		inDouble(
			unaryTrials(anything, (x) => ops.unsqueeze(x, [-2]), 1),
			'inside',
		),
	],
	Squeeze: [
		inDouble(
			fc.record({ shape: shapes(0, 3), mask: symbolic, seed: seeds }).map(({ shape, mask, seed }) => ({
				operands: [operand([1, ...shape, 1], anything, uniform(seed), [1, ...declare(shape, mask), 1])],
				build: ([x]) => ops.squeeze(x!, [-1, 0]),
			})),
		),
	],
	Flatten: [
		inDouble(
			shapeAndAxis(1, 4).map(({ shape, axis, mask, seed }) => ({
				operands: [operand(shape, anything, uniform(seed), declare(shape, mask))],
				build: ([x]) => ops.flatten(x!, axis),
			})),
		),
	],
	Transpose: [
		inDouble(
			shapes(1, 4).chain((shape) =>
				fc
					.record({
						order: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
						mask: symbolic,
						seed: seeds,
					})
					.map(({ order, mask, seed }) => ({
						operands: [operand(shape, anything, uniform(seed), declare(shape, mask))],
						build: ([x]) => ops.transpose(x!, order),
					})),
			),
		),
		inDouble(
			unaryTrials(anything, (x) => emit('Transpose', [x])),
			'reversed by default',
		),
	],
	Expand: [
		inDouble(
			fc
				.record({ shape: shapes(0, 4), dropped: fc.nat(4), ones: symbolic, mask: symbolic, seed: seeds })
				.map(({ shape, dropped, ones, mask, seed }) => {
					const rest = shape.slice(Math.min(dropped, shape.length)).map((size, axis) => (ones[axis] ? 1 : size))
					const random = uniform(seed)
					return {
						operands: [
							operand(
								rest,
								anything,
								random,
								declare(rest, mask, (axis) => !ones[axis]),
							),
							operand(shape, anything, random, declare(shape, mask)),
						],
						build: ([x, like]) => ops.expandLike(x!, like!),
					}
				}),
			'to the shape of a value',
		),
		inDouble(
			fc.record({ shape: shapes(1, 3), seed: seeds }).map(({ shape, seed }) => ({
				operands: [
					operand(
						shape.map(() => 1),
						anything,
						uniform(seed),
					),
				],
				build: ([x]) => ops.expand(x!, [2, ...shape]),
			})),
			'to constants',
		),
	],
	Shape: [inDouble(unaryTrials(anything, (x) => ops.cast(ops.shapeOf(x), 'float64')))],
	Concat: [
		inDouble(
			shapeAndAxis(1, 3).chain(({ shape, axis, mask, seed }) =>
				fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }).map((lengths) => {
					const random = uniform(seed)
					const joined = axis < 0 ? axis + shape.length : axis
					return {
						operands: lengths.map((length) => {
							const part = shape.map((size, at) => (at === joined ? length : size))
							return operand(
								part,
								anything,
								random,
								declare(part, mask, (at) => at !== joined),
							)
						}),
						build: (parts) => emit('Concat', parts, { axis: int(axis) }),
					}
				}),
			),
		),
	],
	Slice: [
		inDouble(
			shapes(1, 4).chain((shape) =>
				fc.record({ axes: someAxes(shape.length), mask: symbolic, seed: seeds }).map(({ axes, mask, seed }) => {
					const random = uniform(seed)
					const sliced = axes.map((axis) => (axis < 0 ? axis + shape.length : axis))
					// One entry at least is left; ends may lie past the axis or count from its end.
					const starts = sliced.map((axis) => whole(0, shape[axis]!, 1, random)[0]!)
					const ends = sliced.map((axis, at) => whole(starts[at]! + 1, shape[axis]! + 3, 1, random)[0]!)
					const negative = starts.map((start, at) => (random() < 0.5 ? start - shape[sliced[at]!]! : start))
					return {
						operands: [
							operand(
								shape,
								anything,
								random,
								declare(shape, mask, (at) => !sliced.includes(at)),
							),
						],
						build: ([x]) => emit('Slice', [x!, integers(negative), integers(ends), integers(axes)]),
					}
				}),
			),
		),
		inDouble(
			unaryTrials(anything, (x) => ops.slice(x, 0, 0, Number.POSITIVE_INFINITY), 1),
			'all of an axis, symbolic or not',
		),
	],
	Pad: [
		inDouble(
			shapes(1, 4).chain((shape) =>
				fc
					.record({
						amounts: fc.array(fc.nat(2), { minLength: 2 * shape.length, maxLength: 2 * shape.length }),
						mask: symbolic,
						seed: seeds,
					})
					.map(({ amounts, mask, seed }) => {
						const random = uniform(seed)
						const before = amounts.slice(0, shape.length)
						const after = amounts.slice(shape.length)
						const declared = declare(shape, mask, (axis) => before[axis]! + after[axis]! === 0)
						return {
							operands: [operand(shape, anything, random, declared), operand([], anything, random)],
							build: ([x, filling]) => emit('Pad', [x!, integers(amounts), filling!]),
						}
					}),
			),
			'with a value that is an operand',
		),
		inDouble(
			unaryTrials(anything, (x) => ops.pad(x, [0, 1], [0, 2]), 2, 2).filter(
				({ operands }) => typeof operands[0]!.declared![1] === 'number',
			),
			'with zeros',
		),
	],
}
