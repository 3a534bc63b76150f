/** Which classes an attack aims at: those that the classifier itself thinks likeliest after the true one. */

import type { Tensor } from '../onnx/tensor.js'

/**
 * The classes other than the label from the largest logit to the smallest, per image; of equal ones the lower first. For an
 * image that is classified right, entry k is the class ranked k + 2nd of all, as in AutoAttack.
 * @param logits [B, C], free of NaN.
 * @returns [B][C - 1].
 */
export function likeliestOthers({ shape, data }: Tensor<'float32'>, labels: readonly number[]): number[][] {
	const classes = shape[1]!
	return labels.map((label, row) => {
		const logits = data.subarray(row * classes, (row + 1) * classes)
		const others = Array.from(logits.keys()).filter((index) => index !== label)
		return others.sort((a, b) => (logits[a]! === logits[b]! ? a - b : logits[a]! > logits[b]! ? -1 : 1))
	})
}
