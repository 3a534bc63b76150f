/** Decides which views to trust, and how unsure a model is over them. */

import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'

/** Floor for probabilities: a smaller one adds nothing to an entropy, and its logarithm stays finite. */
const smallest = 1e-30

/** Entropy of each row of logits [V, C]: [V]. */
export function entropies(logits: Value): Value {
	return ops.neg(ops.reduceSum(ops.mul(ops.softmax(logits), ops.logSoftmax(logits)), [1]))
}

/** Entropy of the mean of the rows' probabilities: logits [V, C] to a scalar. */
export function entropyOfMean(logits: Value): Value {
	const mean = ops.reduceMean(ops.softmax(logits), [0])
	return ops.neg(ops.reduceSum(ops.mul(mean, ops.log(ops.maximum(mean, smallest)))))
}

/** Number of views to keep: the share rounded down, as in the references. */
export function keptViews(views: number, share: number): number {
	return Math.floor(views * share)
}

/** Positions of the `count` rows with the lowest entropy, most confident first: logits [V, C] to int64 [count]. */
export function mostConfident(logits: Value, count: number): Value {
	return ops.topK(ops.neg(entropies(logits)), count, 0).indices
}
