/** Comparisons, boolean logic, selection and casts. */

import { at } from '../../core/at.js'
import type { ElementType } from '../../core/tensor.js'
import { broadcastShapes } from '../dimensions.js'
import { elementTypeFromNumber, elementTypeNumbers, isFloat } from '../element-types.js'
import { type Call, int, intAttribute, type Operator, required, requireSameType, requireType } from '../operator.js'
import { sumToShape } from './broadcasting.js'

function comparison(name: string, doc: string, types: readonly ElementType[]): Operator {
	return {
		name,
		doc,
		infer: (call: Call) => {
			const a = required(call, 0)
			const b = required(call, 1)
			requireSameType(call, a, b)
			requireType(call, a, types)
			return [{ type: 'bool', shape: broadcastShapes(a.shape, b.shape, name) }]
		},
		gradient: 'none',
	}
}

const numbers: readonly ElementType[] = ['float32', 'float64', 'int64', 'int32']

const where: Operator = {
	name: 'Where',
	doc: 'a where the condition holds, else b.',
	infer: (call) => {
		const condition = required(call, 0)
		const a = required(call, 1)
		const b = required(call, 2)
		requireSameType(call, a, b)
		requireType(call, condition, ['bool'])
		return [
			{
				type: a.type,
				shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape, 'Where'), 'Where'),
			},
		]
	},
	gradient: ({ inputs, outputGradients, wanted, emit }) => {
		const [condition, a, b] = inputs
		const dy = at(outputGradients, 0)
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
	attributes: { to: 'int', saturate: 'int' },
	infer: (call) => [{ type: elementTypeFromNumber(intAttribute(call, 'to', 0)), shape: required(call, 0).shape }],
	gradient: ({ inputs, outputs, outputGradients, emit }) => {
		const x = at(inputs, 0)
		if (!isFloat(x.type) || !isFloat(at(outputs, 0).type)) return [null]
		return [emit('Cast', [at(outputGradients, 0)], { to: int(elementTypeNumbers[x.type]) })]
	},
}

const not: Operator = {
	name: 'Not',
	doc: 'Boolean negation.',
	infer: (call) => {
		const x = required(call, 0)
		requireType(call, x, ['bool'])
		return [{ type: 'bool', shape: x.shape }]
	},
	gradient: 'none',
}

const notANumber: Operator = {
	name: 'IsNaN',
	doc: 'Whether an entry is not a number.',
	infer: (call) => {
		const x = required(call, 0)
		requireType(call, x, ['float32', 'float64'])
		return [{ type: 'bool', shape: x.shape }]
	},
	gradient: 'none',
}

export const comparisonOperators: readonly Operator[] = [
	comparison('Equal', 'Whether a = b.', [...numbers, 'bool']),
	comparison('Greater', 'Whether a > b.', numbers),
	comparison('GreaterOrEqual', 'Whether a >= b.', numbers),
	comparison('Less', 'Whether a < b.', numbers),
	comparison('LessOrEqual', 'Whether a <= b.', numbers),
	comparison('And', 'Whether both hold.', ['bool']),
	comparison('Or', 'Whether one holds.', ['bool']),
	not,
	notANumber,
	where,
	cast,
]
