/** The graphs of fixtures/onnx-golden/README.md, in our language. */

import { int64 } from '../core/tensor.js'
import { literal } from './builders.js'
import { ops } from './index.js'
import type { Value } from './value.js'

/** The differentiable inputs of a graph by name. */
export type Inputs = Readonly<Record<string, Value>>

const labels = literal(int64([3], [2, 0, 3]))

/** `linear(x; name)` of the README on the last axis, written as rows so that Gemm computes it. */
function linear(v: Inputs, x: Value, name: string): Value {
	const weight = v[`${name}.weight`]!
	const [outputs, inputs] = weight.shape as [number, number]
	const rows = ops.linear(ops.reshape(x, [-1, inputs]), weight, v[`${name}.bias`] ?? null)
	return ops.reshape(rows, [...x.shape.slice(0, -1).map((size) => (typeof size === 'number' ? size : -1)), outputs])
}

function layerNorm(v: Inputs, x: Value, name: string): Value {
	return ops.layerNorm(x, v[`${name}.scale`]!, v[`${name}.bias`]!)
}

/** Second order through LayerNormalization, QuickGELU and softmax. */
export function attention(v: Inputs): Record<string, Value> {
	const x = v.x!
	const h = ops.quickGelu(linear(v, layerNorm(v, x, 'norm1'), 'hidden'))
	const [q, k, w] = ['query', 'key', 'value'].map((name) =>
		ops.transpose(ops.reshape(linear(v, h, name), [-1, 5, 2, 4]), [0, 2, 1, 3]),
	)
	const scores = ops.div(ops.matmul(q!, ops.transpose(k!, [0, 1, 3, 2])), 2)
	const mixed = ops.reshape(ops.transpose(ops.matmul(ops.softmax(scores), w!), [0, 2, 1, 3]), [-1, 5, 8])
	const y = ops.add(x, linear(v, mixed, 'output'))
	const pooled = ops.reduceMean(layerNorm(v, y, 'norm2'), [1])
	const logits = linear(v, pooled, 'classifier')
	return { logits, loss: ops.crossEntropy(logits, labels) }
}

/** Patch embedding, class token, mask, GELU, cosine logits. */
export function embedding(v: Inputs): Record<string, Value> {
	const x = v.x!
	const convolved = ops.conv(x, v['patch.weight']!, null, [2, 2])
	const patches = ops.transpose(ops.reshape(convolved, [-1, 6, 4]), [0, 2, 1])
	const classToken = ops.repeatForBatch(ops.reshape(v.class!, [1, 6]), patches)
	const tokens = ops.add(ops.concat([classToken, patches], 1), v.position!)
	const hidden = ops.gelu(linear(v, tokens, 'hidden'))
	const position = (from: (row: number, column: number) => number) =>
		literal(
			int64(
				[5, 5],
				Array.from({ length: 25 }, (_, at) => from(Math.floor(at / 5), at % 5)),
			),
		)
	const hiddenFuture = ops.greater(
		position((_, column) => column),
		position((row) => row),
	)
	const scores = ops.matmul(hidden, ops.transpose(hidden, [0, 2, 1]))
	const mixed = ops.matmul(ops.softmax(ops.where(hiddenFuture, Number.NEGATIVE_INFINITY, scores)), tokens)
	const rows = ops.reshape(mixed, [-1, 6])
	const chosen = ops.gather(rows, literal(int64([3], [4, 5 + 2, 10 + 3])), 0)
	const similarity = ops.matmul(ops.normalizeL2(chosen), ops.transpose(ops.normalizeL2(v.classes!), [1, 0]))
	const logits = ops.mul(ops.exp(v.scale!), similarity)
	return { logits, loss: ops.crossEntropy(logits, labels) }
}

/** Kullback-Leibler divergence, cosine, broadcasting, reductions. */
export function divergence(v: Inputs): Record<string, Value> {
	const x = v.x!
	const a = ops.div(ops.relu(linear(v, x, 'first')), v.divisor!)
	const b = ops.matmul(ops.pow(ops.tanh(x), 2), v.second!)
	const kl = ops.reduceSum(ops.mul(ops.softmax(a), ops.sub(ops.logSoftmax(a), ops.logSoftmax(b))), [-1])
	const difference = ops.sub(a, b)
	const distance = ops.sqrt(ops.add(ops.reduceMean(ops.mul(difference, difference), [-1]), 0.25))
	const gap = ops.sub(ops.reduceMax(ops.maximum(a, b), [-1]), distance)
	const shifted = ops.add(a, 1)
	const norms = ops.mul(ops.reduceL2(shifted, [-1]), ops.reduceL2(b, [-1]))
	const cosine = ops.div(ops.reduceSum(ops.mul(shifted, b), [-1]), norms)
	const loss = ops.reduceSum(ops.add(ops.mul(kl, ops.add(cosine, 1)), ops.abs(gap)), [1])
	return { kl, gap, cosine, loss }
}
