/** Softmax and its logarithm along one axis. */

import { at } from '../../core/at.js'
import { normalizeAxis } from '../dimensions.js'
import { type Call, int, intAttribute, type Operator, required, requireFloat } from '../operator.js'

function inferAlongAxis(call: Call) {
	const x = required(call, 0)
	requireFloat(call, x)
	normalizeAxis(intAttribute(call, 'axis', -1), x.shape.length, call.operator)
	return [{ type: x.type, shape: x.shape }]
}

const softmax: Operator = {
	name: 'Softmax',
	doc: 'exp(x) / sum(exp(x)) along one axis.',
	attributes: { axis: 'int' },
	infer: inferAlongAxis,
	gradient: (call) => {
		const { outputs, outputGradients, emit } = call
		const y = at(outputs, 0)
		const dy = at(outputGradients, 0)
		const axis = emit.integers([intAttribute(call, 'axis', -1)])
		const along = emit('ReduceSum', [emit('Mul', [dy, y]), axis], { keepdims: int(1) })
		return [emit('Mul', [emit('Sub', [dy, along]), y])]
	},
}

const logSoftmax: Operator = {
	name: 'LogSoftmax',
	doc: 'x - log(sum(exp(x))) along one axis.',
	attributes: { axis: 'int' },
	infer: inferAlongAxis,
	gradient: (call) => {
		const { outputs, outputGradients, emit } = call
		const dy = at(outputGradients, 0)
		const axis = emit.integers([intAttribute(call, 'axis', -1)])
		const total = emit('ReduceSum', [dy, axis], { keepdims: int(1) })
		return [emit('Sub', [dy, emit('Mul', [emit('Exp', [at(outputs, 0)]), total])])]
	},
}

export const softmaxOperators: readonly Operator[] = [softmax, logSoftmax]
