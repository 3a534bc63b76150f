/** Operators that join and slice tensors. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { describeShape, normalizeAxis, sameShape, staticDimension } from '../dimensions.js'
import {
	type Call,
	constantIntegers,
	int,
	intAttribute,
	normalizeAxes,
	type Operator,
	required,
	requireSameType,
	stringAttribute,
} from '../operator.js'
import type { Dimension, Value } from '../value.js'

/** Past any axis: exporters write the largest int32 or int64 for "to the end". */
const toTheEnd = 2 ** 31 - 1

const concat: Operator = {
	name: 'Concat',
	doc: 'Joins tensors along one axis.',
	attributes: { axis: 'int' },
	infer: (call) => {
		const first = required(call, 0)
		const axis = normalizeAxis(intAttribute(call, 'axis', 0), first.shape.length, 'Concat')
		let total: Dimension = 0
		call.inputs.forEach((_, index) => {
			const part = required(call, index)
			requireSameType(call, first, part)
			const others = (value: Value) => value.shape.map((dimension, position) => (position === axis ? 0 : dimension))
			if (!sameShape(others(first), others(part))) {
				throw new NaptuneError(
					'NAP_GRAPH_INVALID',
					`Concat along axis ${axis} cannot join ${describeShape(first.shape)} and ${describeShape(part.shape)}: the other axes must agree.`,
				)
			}
			total = (total as number) + staticDimension(part.shape, axis, 'Concat')
		})
		return [
			{ type: first.type, shape: first.shape.map((dimension, position) => (position === axis ? total : dimension)) },
		]
	},
	gradient: (call) => {
		const { inputs, outputGradients, wanted, emit } = call
		const axis = normalizeAxis(intAttribute(call, 'axis', 0), at(inputs, 0).shape.length, 'Concat')
		let start = 0
		return inputs.map((part, index) => {
			const end = start + (part!.shape[axis] as number)
			const bounds = [[start], [end], [axis]].map((numbers) => emit.integers(numbers))
			start = end
			return wanted[index] ? emit('Slice', [at(outputGradients, 0), ...bounds]) : null
		})
	},
}

/** Start, end and axis of each sliced axis, clamped as ONNX says; steps of 1 only. */
function sliceBounds(call: Pick<Call, 'operator' | 'inputs'>) {
	const [x, startInput, endInput, axisInput, stepInput] = call.inputs
	if (!x || !startInput || !endInput) throw new NaptuneError('NAP_GRAPH_INVALID', 'Slice needs data, starts and ends.')
	const starts = constantIntegers(call, startInput)
	const ends = constantIntegers(call, endInput)
	const axes = normalizeAxes(
		call,
		axisInput ? constantIntegers(call, axisInput) : starts.map((_, index) => index),
		x.shape.length,
	)
	const steps = stepInput ? constantIntegers(call, stepInput) : starts.map(() => 1)
	if ([ends, axes, steps].some((list) => list.length !== starts.length)) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`Slice needs as many ends, axes and steps as starts, got ${[starts, ends, axes, steps].map((list) => `[${list.join(', ')}]`).join(', ')}.`,
		)
	}
	return axes.flatMap((axis, index) => {
		if (steps[index] !== 1) {
			throw new NaptuneError(
				'NAP_ONNX_UNSUPPORTED',
				`Slice only supports steps of 1, got ${steps[index]} on axis ${axis}.`,
			)
		}
		// Allow slicing a whole axis even if its size is symbolic.
		if (starts[index] === 0 && at(ends, index) >= toTheEnd && typeof x.shape[axis] === 'string') return []
		const size = staticDimension(x.shape, axis, 'Slice')
		const clamp = (bound: number) => Math.max(0, Math.min(size, bound < 0 ? bound + size : bound))
		const start = clamp(at(starts, index))
		return [{ axis, start, end: Math.max(start, clamp(at(ends, index))), size }]
	})
}

const slice: Operator = {
	name: 'Slice',
	doc: 'A contiguous part along given axes (steps of 1).',
	infer: (call) => {
		const x = required(call, 0)
		const bounds = new Map(sliceBounds(call).map((bound) => [bound.axis, bound]))
		return [
			{
				type: x.type,
				shape: x.shape.map((dimension, axis) => {
					const bound = bounds.get(axis)
					return bound ? bound.end - bound.start : dimension
				}),
			},
		]
	},
	gradient: ({ node, inputs, outputGradients, emit }) => {
		const rank = at(inputs, 0).shape.length
		const before = new Array<number>(rank).fill(0)
		const after = new Array<number>(rank).fill(0)
		for (const { axis, start, end, size } of sliceBounds({ operator: node.operator, inputs })) {
			before[axis] = start
			after[axis] = size - end
		}
		const gradient = at(outputGradients, 0)
		const whole = [...before, ...after].every((amount) => amount === 0)
		return [whole ? gradient : emit('Pad', [gradient, emit.integers([...before, ...after])])]
	},
}

function padAmounts(call: Pick<Call, 'operator' | 'inputs'>): { before: readonly number[]; after: readonly number[] } {
	const [x, amountInput, , axes] = call.inputs
	if (!x || !amountInput) throw new NaptuneError('NAP_GRAPH_INVALID', 'Pad needs data and amounts.')
	if (axes)
		throw new NaptuneError(
			'NAP_ONNX_UNSUPPORTED',
			'Pad is only supported with amounts for all axes; omit the axes input.',
		)
	const amounts = constantIntegers(call, amountInput)
	const rank = x.shape.length
	if (amounts.length !== 2 * rank || amounts.some((amount) => amount < 0)) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`Pad of a tensor of rank ${rank} needs ${2 * rank} non-negative amounts, got [${amounts.join(', ')}].`,
		)
	}
	return { before: amounts.slice(0, rank), after: amounts.slice(rank) }
}

const pad: Operator = {
	name: 'Pad',
	doc: 'Adds a constant border (mode constant), zero by default.',
	attributes: { mode: 'string' },
	infer: (call) => {
		const x = required(call, 0)
		const mode = stringAttribute(call, 'mode', 'constant')
		if (mode !== 'constant')
			throw new NaptuneError('NAP_ONNX_UNSUPPORTED', `Pad only supports mode constant, got ${mode}.`)
		const filling = call.inputs[2]
		if (filling) {
			requireSameType(call, x, filling)
			if (filling.shape.length !== 0) {
				throw new NaptuneError(
					'NAP_GRAPH_INVALID',
					`Pad needs a scalar to fill with, got one of shape ${describeShape(filling.shape)}.`,
				)
			}
		}
		const { before, after } = padAmounts(call)
		return [
			{
				type: x.type,
				shape: x.shape.map((dimension, axis) => {
					const added = at(before, axis) + at(after, axis)
					return added === 0 ? dimension : staticDimension(x.shape, axis, 'Pad') + added
				}),
			},
		]
	},
	gradient: ({ node, inputs, outputGradients, wanted, emit }) => {
		const x = at(inputs, 0)
		const { before, after } = padAmounts({ operator: node.operator, inputs })
		const axes = before.flatMap((amount, axis) => (amount + at(after, axis) > 0 ? [axis] : []))
		const dy = at(outputGradients, 0)
		const inner =
			axes.length === 0
				? dy
				: emit('Slice', [
						dy,
						emit.integers(axes.map((axis) => at(before, axis))),
						emit.integers(axes.map((axis) => at(before, axis) + (x.shape[axis] as number))),
						emit.integers(axes),
					])
		if (!wanted[2]) return [wanted[0] ? inner : null, null, null]
		const total = (value: Value) => emit('ReduceSum', [value], { keepdims: int(0) })
		return [wanted[0] ? inner : null, null, emit('Sub', [total(dy), total(inner)])]
	},
}

export const pieceOperators: readonly Operator[] = [concat, slice, pad]
