/** The check that every gradient passes before an attack steps along it. */

import { listIds } from '../../classifier/predictions.js'
import { NaptuneError } from '../../core/errors.js'
import { rowSize } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'

/**
 * Checks losses [B] and gradients [B, 3, H, W].
 * @param where At which point of the attack, for the error.
 * @throws NaptuneError naming the images whose loss is NaN or whose gradient is not finite.
 */
export function requireFinite(
	{ loss, gradient }: { readonly loss: Tensor<'float32'>; readonly gradient: Tensor<'float32'> },
	ids: readonly string[],
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
