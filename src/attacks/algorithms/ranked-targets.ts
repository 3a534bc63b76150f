/** Ranks targets by how near they are: the classes that follow the true one. */

import { at } from '../../core/at.js'
import type { Tensor } from '../../core/tensor.js'

/**
 * The class of a rank among all but the labelled one, per image: 1 for the largest logit. For a correctly classified image,
 * rank k is place k + 1 of all classes. Ties go to the lower class.
 * @param logits [B, C], finite.
 * @param rank From 1 to C - 1.
 */
export function rankedTargets({ shape, data }: Tensor<'float32'>, labels: readonly number[], rank: number): number[] {
	const classes = at(shape, 1)
	return labels.map((label, row) => {
		const logits = [...data.subarray(row * classes, (row + 1) * classes)]
		const others = logits.map((logit, index) => ({ logit, index })).filter(({ index }) => index !== label)
		return at(
			others.sort((a, b) => b.logit - a.logit || a.index - b.index),
			rank - 1,
		).index
	})
}
