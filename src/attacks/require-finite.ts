/** The check of gradients before an attack follows them. */

import { NaptuneError } from '../errors.js'
import type { Tensor } from '../onnx/tensor.js'
import type { AttackBatch } from './attack.js'
import { rowSize } from './batch-rows.js'
import { listIds } from './predictions.js'

/**
 * Refuses losses that are NaN and gradients that are not finite.
 * @param where For the message, such as `of PGD before step 3 of 10`.
 * @throws NaptuneError naming the images.
 */
export function requireFinite(
	{ loss, gradient }: { readonly loss: Tensor<'float32'>; readonly gradient: Tensor<'float32'> },
	ids: AttackBatch['ids'],
	where: string,
): void {
	const size = rowSize(gradient)
	const broken = ids.filter((_, row) => {
		if (Number.isNaN(loss.data[row])) return true
		for (let index = row * size; index < (row + 1) * size; index++) {
			if (!Number.isFinite(gradient.data[index])) return true
		}
		return false
	})
	if (broken.length === 0) return
	throw new NaptuneError(
		`The loss or its gradient to the pixels is not finite for ${listIds(broken)} (${where}). The model's values overflow: check its weights and parameters for NaN, and if it was just tuned, lower the learning rate and go back to the last good state.`,
	)
}
