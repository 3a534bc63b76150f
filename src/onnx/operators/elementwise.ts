/** Elementwise functions of one operand. */

import { at } from '../../core/at.js'
import { type Call, type Emit, type Operator, required, requireFloat } from '../operator.js'
import type { Value } from '../value.js'

function inferUnary(call: Call) {
	const x = required(call, 0)
	requireFloat(call, x)
	return [{ type: x.type, shape: x.shape }]
}

interface Operand {
	readonly emit: Emit
	readonly x: Value
	readonly y: Value
	readonly dy: Value
}

function unary(name: string, doc: string, derivative: ((operand: Operand) => Value) | 'none'): Operator {
	return {
		name,
		doc,
		infer: inferUnary,
		gradient:
			derivative === 'none'
				? 'none'
				: ({ inputs, outputs, outputGradients, emit }) => [
						derivative({ emit, x: at(inputs, 0), y: at(outputs, 0), dy: at(outputGradients, 0) }),
					],
	}
}

/** A constant of the operand's type. */
const number = ({ emit, x }: Operand, value: number): Value => emit.scalar(value, x.type)

export const elementwiseOperators: readonly Operator[] = [
	{
		...unary('Identity', 'x itself.', ({ dy }) => dy),
		infer: (call) => {
			const { type, shape } = required(call, 0)
			return [{ type, shape }]
		},
	},
	unary('Neg', '-x.', ({ emit, dy }) => emit('Neg', [dy])),
	unary('Exp', 'e to the power x.', ({ emit, y, dy }) => emit('Mul', [dy, y])),
	unary('Log', 'Natural logarithm.', ({ emit, x, dy }) => emit('Div', [dy, x])),
	unary('Sqrt', 'Square root; the gradient at 0 is infinite.', (operand) =>
		operand.emit('Div', [operand.dy, operand.emit('Mul', [operand.y, number(operand, 2)])]),
	),
	unary('Reciprocal', '1 / x.', ({ emit, y, dy }) => emit('Neg', [emit('Mul', [dy, emit('Mul', [y, y])])])),
	unary('Abs', 'Absolute value; the gradient at 0 is 0.', ({ emit, x, dy }) => emit('Mul', [dy, emit('Sign', [x])])),
	unary('Sign', '-1, 0 or 1; piecewise constant.', 'none'),
	unary('Ceil', 'Smallest whole number above or equal; piecewise constant.', 'none'),
	unary('Floor', 'Largest whole number below or equal; piecewise constant.', 'none'),
	unary('Round', 'Nearest whole number, halves to even; piecewise constant.', 'none'),
	unary('Sin', 'Sine.', ({ emit, x, dy }) => emit('Mul', [dy, emit('Cos', [x])])),
	unary('Cos', 'Cosine.', ({ emit, x, dy }) => emit('Neg', [emit('Mul', [dy, emit('Sin', [x])])])),
	unary('Tanh', 'Hyperbolic tangent.', (operand) => {
		const { emit, y, dy } = operand
		return emit('Mul', [dy, emit('Sub', [number(operand, 1), emit('Mul', [y, y])])])
	}),
	unary('Sigmoid', 'Logistic function.', (operand) => {
		const { emit, y, dy } = operand
		return emit('Mul', [emit('Mul', [dy, y]), emit('Sub', [number(operand, 1), y])])
	}),
	unary('Softplus', 'log(1 + e^x).', ({ emit, x, dy }) => emit('Mul', [dy, emit('Sigmoid', [x])])),
	unary('Relu', 'max(x, 0); the gradient at 0 is 0.', (operand) => {
		const zero = number(operand, 0)
		return operand.emit('Where', [operand.emit('Greater', [operand.y, zero]), operand.dy, zero])
	}),
	unary('Erf', 'Error function.', (operand) => {
		const { emit, x, dy } = operand
		// exp(-x²) · 2 / √π with the factor inside the exponent, which saves one pass over the entries.
		const exponent = emit('Sub', [number(operand, Math.log(2 / Math.sqrt(Math.PI))), emit('Mul', [x, x])])
		return emit('Mul', [dy, emit('Exp', [exponent])])
	}),
]
