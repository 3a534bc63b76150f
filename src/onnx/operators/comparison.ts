/** Comparisons, boolean logic, selection and casts. */

import { NaptuneError } from '../../errors.js'
import { broadcastShapes } from '../dimensions.js'
import { type Call, int, intAttribute, type Operator, required, requireSameType } from '../operator.js'
import type { ElementType } from '../tensor.js'
import { sumToShape } from './broadcasting.js'

function comparison(name: string, doc: string): Operator {
	return {
		name,
		doc,
		infer: (call: Call) => {
			const a = required(call, 0)
			const b = required(call, 1)
			requireSameType(call, a, b)
			return [{ type: 'bool', shape: broadcastShapes(a.shape, b.shape, name) }]
		},
		gradient: 'none',
	}
}

/** ONNX's numbers of element types (TensorProto.DataType). */
export const elementTypeNumbers: Readonly<Record<ElementType, number>> = {
	float32: 1,
	int32: 6,
	int64: 7,
	bool: 9,
	float64: 11,
}

/** The element type of an ONNX number. @throws NaptuneError when the graph language does not know it. */
export function elementTypeFromNumber(number: number): ElementType {
	const found = Object.entries(elementTypeNumbers).find(([, value]) => value === number)
	if (!found) {
		throw new NaptuneError(
			`ONNX element type ${number} is not supported; known: ${Object.entries(elementTypeNumbers)
				.map(([name, value]) => `${value} (${name})`)
				.join(', ')}.`,
		)
	}
	return found[0] as ElementType
}

const where: Operator = {
	name: 'Where',
	doc: 'a where the condition holds, else b.',
	infer: (call) => {
		const condition = required(call, 0)
		const a = required(call, 1)
		const b = required(call, 2)
		requireSameType(call, a, b)
		if (condition.type !== 'bool') throw new NaptuneError(`Where needs a bool condition, got ${condition.type}.`)
		return [
			{
				type: a.type,
				shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape, 'Where'), 'Where'),
			},
		]
	},
	gradient: ({ inputs, outputGradients, wanted, emit }) => {
		const [condition, a, b] = inputs
		const dy = outputGradients[0]!
		const zero = emit.scalar(0, dy.type)
		return [
			null,
			wanted[1] ? sumToShape(emit, emit('Where', [condition!, dy, zero]), a!) : null,
			wanted[2] ? sumToShape(emit, emit('Where', [condition!, zero, dy]), b!) : null,
		]
	},
}

const cast: Operator = {
	name: 'Cast',
	doc: 'Converts the element type; differentiable between floating types.',
	infer: (call) => [{ type: elementTypeFromNumber(intAttribute(call, 'to', 0)), shape: required(call, 0).shape }],
	gradient: ({ inputs, outputs, outputGradients, emit }) => {
		const x = inputs[0]!
		const floating = (type: ElementType) => type === 'float32' || type === 'float64'
		if (!floating(x.type) || !floating(outputs[0]!.type)) return [null]
		return [emit('Cast', [outputGradients[0]!], { to: int(elementTypeNumbers[x.type]) })]
	},
}

const not: Operator = {
	name: 'Not',
	doc: 'Boolean negation.',
	infer: (call) => [{ type: 'bool', shape: required(call, 0).shape }],
	gradient: 'none',
}

export const comparisonOperators: readonly Operator[] = [
	comparison('Equal', 'Whether a = b.'),
	comparison('Greater', 'Whether a > b.'),
	comparison('GreaterOrEqual', 'Whether a >= b.'),
	comparison('Less', 'Whether a < b.'),
	comparison('LessOrEqual', 'Whether a <= b.'),
	comparison('And', 'Whether both hold.'),
	comparison('Or', 'Whether one holds.'),
	not,
	where,
	cast,
]
