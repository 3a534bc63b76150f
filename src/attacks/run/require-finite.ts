/** Checks every gradient before an attack steps along it. */

import { listIds } from '../../classifier/predictions.js'
import { NaptuneError } from '../../core/errors.js'
import { rowSize } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'

/**
 * Receives the gradient of one image that an attack uses. An attack that saw only zeros has not attacked, and its caller
 * must say so.
 * @param zero Whether every entry is exactly 0.
 */
export type GradientSight = (id: string, zero: boolean) => void

/**
 * Checks losses [B] and gradients [B, 3, H, W], and reports them.
 * @param ids Image ids, one per row. @param where Position in the attack, for the error.
 * @param sight Receives every image's gradient, if given.
 * @throws NaptuneError that names the images whose loss is NaN or whose gradient is not finite.
 */
export function requireFinite(
	{ loss, gradient }: { readonly loss: Tensor<'float32'>; readonly gradient: Tensor<'float32'> },
	ids: readonly string[],
	where: string,
	sight?: GradientSight,
): void {
	const size = rowSize(gradient)
	const broken = ids.filter((_, row) => {
		if (Number.isNaN(loss.data[row])) return true
		for (let index = row * size; index < (row + 1) * size; index++) {
			if (!Number.isFinite(gradient.data[index])) return true
		}
		return false
	})
	if (broken.length > 0) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The loss or its gradient is not finite for ${listIds(broken)} (${where}). The model's values overflow: check its weights and parameters for NaN; after tuning, lower the learning rate and return to the last good state.`,
		)
	}
	if (!sight) return
	for (const [row, id] of ids.entries()) sight(id, isZero(gradient.data, row * size, (row + 1) * size))
}

/** The first entry usually decides. */
function isZero(values: Float32Array, start: number, end: number): boolean {
	for (let index = start; index < end; index++) if (values[index] !== 0) return false
	return true
}
