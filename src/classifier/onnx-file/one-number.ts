/** Outputs with one number per image: the logit or the probability of the second of two classes. */

import { ops, type Value } from '../../onnx/graph.js'

/** Whether an output is one float per image: [B, 1], possibly with further axes of size 1. */
export function isOneNumber({ type, shape }: Value): boolean {
	const float = type === 'float32' || type === 'float64'
	return float && shape.length >= 2 && shape.slice(1).every((size) => size === 1)
}

/** Logits [B, 2] of both classes: 0 and the logit. @param logit [B, 1], possibly with further axes of size 1. */
export function twoLogits(logit: Value): Value {
	return ops.pad(ops.reshape(logit, [-1, 1]), [0, 1], [0, 0])
}

/** Probabilities [B, 2] of both classes. @param probability Of the second class, [B, 1] as above. */
export function twoProbabilities(probability: Value): Value {
	const second = ops.reshape(probability, [-1, 1])
	return ops.concat([ops.add(ops.neg(second), 1), second], 1)
}

/** Why an output cannot be attacked as logits, and what to do. */
export function whyNoLogits(name: string, { type, shape }: Value): string {
	const what = `${name} (${type} [${shape.join(', ')}])`
	if (type !== 'float32' && type !== 'float64') {
		return `${what} holds whole numbers, such as classes from ArgMax, which have no gradient; export the model without that step`
	}
	if (shape.length < 2) {
		return `${what} has no axis of classes: one number per image may be a chosen class, a score or a loss; export one logit per image as [B, 1]`
	}
	return `${what} has more than one row of logits per image, or an open number of classes`
}
