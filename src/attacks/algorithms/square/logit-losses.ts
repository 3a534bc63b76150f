/** Losses of logits that the Square attack minimises. */

import { at, missing } from '../../../core/at.js'
import type { Tensor } from '../../../core/tensor.js'

/** The losses of one image's logits that the search uses; both fall as the attack succeeds. */
export interface LogitLosses {
	/**
	 * Logit of the label minus the largest other one, or the reverse for a target. Infinite with one class and a label; 0
	 * for a tie, even of infinite logits.
	 */
	readonly margin: number
	/** Minus the cross entropy with the label, or the cross entropy with a target. */
	readonly crossEntropy: number
}

/**
 * Margin and cross entropy per image.
 * @param logits [B, C], without NaN. @param labels True labels, or targets with `targeted`.
 */
export function logitLosses(
	{ data, shape }: Tensor<'float32'>,
	labels: readonly number[],
	targeted: boolean,
): LogitLosses[] {
	const classes = at(shape, 1)
	const sign = targeted ? -1 : 1
	return labels.map((label, row) => {
		const first = row * classes
		const own = data[first + label] ?? missing
		let other = Number.NEGATIVE_INFINITY
		for (let index = 0; index < classes; index++) {
			if (index !== label) other = Math.max(other, data[first + index] ?? missing)
		}
		const largest = Math.max(own, other)
		let sum = 0
		for (let index = 0; index < classes; index++) sum += Math.exp((data[first + index] ?? missing) - largest)
		return {
			margin: own === other ? 0 : sign * (own - other),
			crossEntropy: own === largest ? -sign * Math.log(sum) : sign * (own - largest - Math.log(sum)),
		}
	})
}
