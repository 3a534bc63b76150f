/** Reductions over axes given as a constant input (opset 18). */

import { at } from '../../core/at.js'
import { elementTypeNumbers } from '../element-types.js'
import {
	type Call,
	constantIntegers,
	type GradientCall,
	int,
	intAttribute,
	normalizeAxes,
	type Operator,
	required,
	requireNumber,
} from '../operator.js'
import type { Shape, Value } from '../value.js'
import { expandTo } from './broadcasting.js'

/** Axes of a reduction, counted from the front; all of them when none or an empty list are given, as ONNX says. */
function axesOf(call: Pick<Call, 'operator' | 'inputs'>): readonly number[] {
	const x = at(call.inputs, 0)
	const axes = call.inputs[1] ? constantIntegers(call, call.inputs[1]) : []
	return axes.length === 0 ? x.shape.map((_, axis) => axis) : normalizeAxes(call, axes, x.shape.length)
}

function inferReduction(call: Call) {
	const x = required(call, 0)
	requireNumber(call, x)
	const axes = new Set(axesOf(call))
	const keep = intAttribute(call, 'keepdims', 1) === 1
	const shape: Shape = x.shape.flatMap((dimension, axis) => (axes.has(axis) ? (keep ? [1] : []) : [dimension]))
	return [{ type: x.type, shape }]
}

/** The value with the reduced axes put back as 1, so that it broadcasts against the input. */
function withReducedAxes(call: GradientCall, value: Value): Value {
	if (intAttribute(call, 'keepdims', 1) === 1) return value
	const axes = axesOf({ operator: call.node.operator, inputs: call.inputs })
	return call.emit('Unsqueeze', [value, call.emit.integers(axes)])
}

/** Number of elements that each output entry reduces over, as a scalar value of the input's type (symbolic sizes allowed). */
function reducedCount(call: GradientCall): Value {
	const { inputs, emit, node } = call
	const x = at(inputs, 0)
	const axes = axesOf({ operator: node.operator, inputs })
	const sizes = axes.map((axis) => at(x.shape, axis))
	if (sizes.every((size) => typeof size === 'number')) {
		return emit.scalar(
			sizes.reduce<number>((total, size) => total * (size as number), 1),
			x.type,
		)
	}
	const shape = emit('Cast', [emit('Shape', [x])], { to: int(elementTypeNumbers[x.type]) })
	return axes
		.map((axis) => emit('Gather', [shape, emit.scalar(axis, 'int64')], { axis: int(0) }))
		.reduce((total, size) => emit('Mul', [total, size]))
}

function reduction(
	name: string,
	doc: string,
	rule: (call: GradientCall, dy: Value, x: Value, y: Value) => Value,
): Operator {
	return {
		name,
		doc,
		attributes: { keepdims: 'int' },
		infer: inferReduction,
		gradient: (call) => [
			rule(
				call,
				withReducedAxes(call, at(call.outputGradients, 0)),
				at(call.inputs, 0),
				withReducedAxes(call, at(call.outputs, 0)),
			),
			null,
		],
	}
}

/** The gradient goes to the entries that attain the extremum, shared equally among ties. */
function toExtremum(call: GradientCall, dy: Value, x: Value, y: Value): Value {
	const { emit } = call
	const hits = emit('Cast', [emit('Equal', [x, y])], { to: int(elementTypeNumbers[x.type]) })
	const axes = emit.integers(axesOf({ operator: call.node.operator, inputs: call.inputs }))
	const count = emit('ReduceSum', [hits, axes], { keepdims: int(1) })
	return emit('Mul', [hits, emit('Div', [dy, count])])
}

export const reductionOperators: readonly Operator[] = [
	reduction('ReduceSum', 'Sum over axes.', ({ emit }, dy, x) => expandTo(emit, dy, x)),
	reduction('ReduceMean', 'Mean over axes.', (call, dy, x) =>
		expandTo(call.emit, call.emit('Div', [dy, reducedCount(call)]), x),
	),
	reduction('ReduceMax', 'Largest entry over axes; ties share the gradient.', toExtremum),
	reduction('ReduceMin', 'Smallest entry over axes; ties share the gradient.', toExtremum),
	// A zero norm is replaced by 1 before the division: x is zero there, so the gradient becomes 0 instead of NaN.
	reduction('ReduceL2', 'Euclidean norm over axes; the gradient at zero norm is 0.', ({ emit }, dy, x, y) => {
		const zero = emit('Equal', [y, emit.scalar(0, y.type)])
		return emit('Mul', [x, emit('Div', [dy, emit('Where', [zero, emit.scalar(1, y.type), y])])])
	}),
]
