/** Elementwise arithmetic on two operands, with broadcasting. */

import { at } from '../../core/at.js'
import { broadcastShapes } from '../dimensions.js'
import { elementTypeNumbers } from '../element-types.js'
import {
	type Call,
	type Emit,
	type GradientCall,
	type GradientRule,
	int,
	type Operator,
	required,
	requireNumber,
	requireSameType,
	requireType,
} from '../operator.js'
import type { Value } from '../value.js'
import { sumToShape } from './broadcasting.js'
import { gateGradient } from './gate.js'

function inferBinary(call: Call) {
	const a = required(call, 0)
	const b = required(call, 1)
	requireSameType(call, a, b)
	requireNumber(call, a)
	return [{ type: a.type, shape: broadcastShapes(a.shape, b.shape, call.operator) }]
}

/** The input of a two-operand rule: the operands, the result and the gradient of the result. */
interface Operands {
	readonly emit: Emit
	readonly a: Value
	readonly b: Value
	readonly y: Value
	readonly dy: Value
}

function binary(
	name: string,
	doc: string,
	toA: (operands: Operands) => Value,
	toB: (operands: Operands) => Value,
): Operator {
	return {
		name,
		doc,
		infer: inferBinary,
		gradient: ({ inputs, outputs, outputGradients, wanted, emit }: GradientCall) => {
			const operands = { emit, a: at(inputs, 0), b: at(inputs, 1), y: at(outputs, 0), dy: at(outputGradients, 0) }
			return [
				wanted[0] ? sumToShape(emit, toA(operands), operands.a) : null,
				wanted[1] ? sumToShape(emit, toB(operands), operands.b) : null,
			]
		},
	}
}

/** dy where the comparison holds, half of it where both operands are equal, else zero: the symmetric subgradient. */
function routed({ emit, a, b, dy }: Operands, comparison: 'Greater' | 'Less', first: Value): Value {
	const wins = emit('Cast', [emit(comparison, first === a ? [a, b] : [b, a])], castTo(dy))
	const ties = emit('Cast', [emit('Equal', [a, b])], castTo(dy))
	const share = emit('Add', [wins, emit('Mul', [ties, emit.scalar(0.5, dy.type)])])
	return emit('Mul', [dy, share])
}

function castTo(like: Value) {
	return { to: int(elementTypeNumbers[like.type]) }
}

const product = binary(
	'Mul',
	'a * b.',
	({ emit, b, dy }) => emit('Mul', [dy, b]),
	({ emit, a, dy }) => emit('Mul', [dy, a]),
)
const productGradient = product.gradient as GradientRule

const modulo: Operator = {
	name: 'Mod',
	doc: 'The rest of a division of whole numbers, with the sign of the divisor, or of the dividend with fmod.',
	attributes: { fmod: 'int' },
	infer: (call) => {
		requireType(call, required(call, 0), ['int64', 'int32'])
		return inferBinary(call)
	},
	gradient: 'none',
}

export const arithmeticOperators: readonly Operator[] = [
	binary(
		'Add',
		'a + b.',
		({ dy }) => dy,
		({ dy }) => dy,
	),
	binary(
		'Sub',
		'a - b.',
		({ dy }) => dy,
		({ emit, dy }) => emit('Neg', [dy]),
	),
	{ ...product, gradient: (call) => gateGradient(call) ?? productGradient(call) },
	binary(
		'Div',
		'a / b.',
		({ emit, b, dy }) => emit('Div', [dy, b]),
		({ emit, b, y, dy }) => emit('Neg', [emit('Div', [emit('Mul', [dy, y]), b])]),
	),
	binary(
		'Pow',
		'a to the power b; the gradient to b is defined for a > 0.',
		({ emit, a, b, dy }) =>
			emit('Mul', [dy, emit('Mul', [b, emit('Pow', [a, emit('Sub', [b, emit.scalar(1, b.type)])])])]),
		({ emit, a, y, dy }) => emit('Mul', [dy, emit('Mul', [y, emit('Log', [a])])]),
	),
	binary(
		'Max',
		'The larger of two, elementwise; a tie passes half the gradient to each.',
		(operands) => routed(operands, 'Greater', operands.a),
		(operands) => routed(operands, 'Greater', operands.b),
	),
	binary(
		'Min',
		'The smaller of two, elementwise; a tie passes half the gradient to each.',
		(operands) => routed(operands, 'Less', operands.a),
		(operands) => routed(operands, 'Less', operands.b),
	),
	modulo,
]
