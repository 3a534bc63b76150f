/**
 * Reads activation functions as simpler operators. At kinks their gradients match PyTorch's where one side is the natural
 * choice.
 */

import { floatAttribute, stringAttribute } from '../operator.js'
import * as ops from '../ops.js'
import { operand, type Reader, type StoredNode } from '../stored-node.js'
import type { Value } from '../value.js'

function activation(build: (x: Value, node: StoredNode) => Value): Reader {
	return (node) => [build(operand(node, 0), node)]
}

const number = (node: StoredNode, name: string, fallback: number) => floatAttribute(node, name, fallback)

/** scale · (x if positive, otherwise alpha (e^x - 1)); never computes the exponential of a positive number. */
function exponentialUnit(x: Value, alpha: number, scale: number): Value {
	const below = ops.mul(ops.sub(ops.exp(ops.clip(x, null, 0)), 1), alpha)
	const unit = ops.where(ops.greater(x, 0), x, below)
	return scale === 1 ? unit : ops.mul(unit, scale)
}

function hardSigmoid(x: Value, alpha: number, beta: number): Value {
	return ops.clip(ops.add(ops.mul(x, alpha), beta), 0, 1)
}

export const gelu: Reader = (node) => {
	const x = operand(node, 0)
	if (stringAttribute(node, 'approximate', 'none') === 'none') return [ops.gelu(x)]
	const inner = ops.mul(ops.add(x, ops.mul(ops.mul(x, ops.mul(x, x)), 0.044715)), Math.sqrt(2 / Math.PI))
	return [ops.mul(ops.mul(x, 0.5), ops.add(ops.tanh(inner), 1))]
}

/** Slopes of negative entries, one per channel (broadcast from the right, as ONNX says) or one for all. */
const parametricRelu: Reader = (node) => {
	const [x, slope] = [operand(node, 0), operand(node, 1)]
	return [ops.where(ops.greater(x, 0), x, ops.mul(x, slope))]
}

export const activationReaders: Readonly<Record<string, Reader>> = {
	Gelu: gelu,
	PRelu: parametricRelu,
	LeakyRelu: activation((x, node) => ops.where(ops.greater(x, 0), x, ops.mul(x, number(node, 'alpha', 0.01)))),
	ThresholdedRelu: activation((x, node) => ops.where(ops.greater(x, number(node, 'alpha', 1)), x, ops.mul(x, 0))),
	Elu: activation((x, node) => exponentialUnit(x, number(node, 'alpha', 1), 1)),
	Selu: activation((x, node) =>
		exponentialUnit(x, number(node, 'alpha', 1.6732631921768188), number(node, 'gamma', 1.0507010221481323)),
	),
	Celu: activation((x, node) => {
		const alpha = number(node, 'alpha', 1)
		return ops.mul(exponentialUnit(ops.div(x, alpha), 1, 1), alpha)
	}),
	HardSigmoid: activation((x, node) => hardSigmoid(x, number(node, 'alpha', 0.2), number(node, 'beta', 0.5))),
	HardSwish: activation((x) => ops.mul(x, hardSigmoid(x, 1 / 6, 0.5))),
	Swish: activation((x, node) => {
		const alpha = number(node, 'alpha', 1)
		return ops.mul(x, ops.sigmoid(alpha === 1 ? x : ops.mul(x, alpha)))
	}),
	Mish: activation((x) => ops.mul(x, ops.tanh(ops.softplus(x)))),
	Softsign: activation((x) => ops.div(x, ops.add(ops.abs(x), 1))),
}
