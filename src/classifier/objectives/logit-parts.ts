/** Parts of logits that objectives use, computed so that on the CPU they have the same bytes in every batch. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'

/** The logit [B] of one class per image: logits [B, C], classes int64 [B]. */
export function logitOf(logits: Value, classes: Value): Value {
	return ops.squeeze(ops.gatherElements(logits, ops.unsqueeze(classes, [1]), 1), [1])
}

/** The largest logits in descending order, each [B], and the class of the first; ties go to the lowest class. */
export function largestLogits(logits: Value, count: number): { readonly values: Value[]; readonly predicted: Value } {
	const { values, indices } = ops.topK(logits, count)
	const column = (matrix: Value, place: number) => ops.squeeze(ops.slice(matrix, 1, place, place + 1), [1])
	return {
		values: Array.from({ length: count }, (_, place) => column(values, place)),
		predicted: column(indices, 0),
	}
}

/** The largest logit [B] of all classes but one per image, chosen from the two largest. */
export function largestOther(values: readonly Value[], predicted: Value, classes: Value): Value {
	return ops.where(ops.equal(predicted, classes), at(values, 1), at(values, 0))
}

/** @throws NaptuneError if there are fewer classes than an objective ranks. */
export function requireClasses(classes: number, least: number, what: string, instead: string): void {
	if (classes >= least) return
	throw new NaptuneError(
		'NAP_ATTACK_UNSUITABLE',
		`${what} needs at least ${least} classes; the classifier has ${classes}. ${instead}`,
	)
}
