/** Functions composed of several builders. */

import {
	add,
	div,
	erf,
	exp,
	expandLike,
	gatherElements,
	linear,
	literal,
	logSoftmax,
	mul,
	neg,
	reduceL2,
	reduceSum,
	reshape,
	sigmoid,
	slice,
	squeeze,
	sub,
	unsqueeze,
} from './builders.js'
import { scalar } from './emit.js'
import type { Value } from './value.js'

/** x · sigmoid(1.702 x), the activation of OpenAI's CLIP. */
export function quickGelu(x: Value): Value {
	return mul(x, sigmoid(mul(x, 1.702)))
}

/** x · (1 + erf(x / √2)) / 2, the exact GELU. */
export function gelu(x: Value): Value {
	return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1))
}

/** x · (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, the usual approximation of the GELU, as x · sigmoid(2 √(2/π) (…)). */
export function geluTanh(x: Value): Value {
	const inner = add(x, mul(mul(mul(x, x), x), 0.044715))
	return mul(x, sigmoid(mul(inner, 2 * Math.sqrt(2 / Math.PI))))
}

/** A value divided by its Euclidean norm along the last axis. */
export function normalizeL2(x: Value): Value {
	return div(x, reduceL2(x, [-1], true))
}

/** Per-sample cross entropy: logits [B, C] and int64 labels [B] to losses [B]. */
export function crossEntropy(logits: Value, labels: Value): Value {
	return neg(squeeze(gatherElements(logSoftmax(logits), unsqueeze(labels, [1]), 1), [1]))
}

/** Per-sample Kullback-Leibler divergence of softmax distributions: KL(softmax p || softmax q) of logits [B, C], as [B]. */
export function klDivergence(p: Value, q: Value): Value {
	const logP = logSoftmax(p)
	return reduceSum(mul(exp(logP), sub(logP, logSoftmax(q))), [1])
}

/**
 * Repeats x along a new first axis, as many times as the first axis of `like` has entries (its size may be symbolic).
 * @param x Any value of fixed shape [...].
 * @returns [B, ...], where B is the first size of `like`.
 */
export function repeatForBatch(x: Value, like: Value): Value {
	const column = slice(reshape(like, [0, -1]), 1, 0, 1)
	const ones = unsqueeze(squeeze(column, [1]), [...x.shape.map((_, axis) => axis + 1)])
	return add(expandLike(scalar(0, x.type), ones), unsqueeze(x, [0]))
}

/**
 * Sums of the rows of [B, N], as [B]. A reduction sums short rows in an order that depends on their place in memory. A
 * product with a constant matrix handles each row alone, so on the CPU a sum has the same bytes at any position in a batch.
 * It uses eight columns, because a product with one column uses another kernel.
 * @param x float32, N a number.
 */
export function rowSums(x: Value): Value {
	const columns = 8
	const count = x.shape[1] as number
	const ones = literal({ type: 'float32', shape: [columns, count], data: new Float32Array(columns * count).fill(1) })
	return squeeze(slice(linear(x, ones, null), 1, 0, 1), [1])
}
