/** From logits to predicted classes. */

import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'

/**
 * The class of the largest logit per image; of equal ones the lowest, so that duplicate class names have one answer.
 * @param logits [B, C].
 * @param ids Image ids, for the error.
 * @throws NaptuneError naming the images whose logits are not numbers.
 */
export function predictions({ shape, data }: Tensor<'float32'>, ids: readonly string[]): number[] {
	const [count, classes] = shape as readonly [number, number]
	const broken: string[] = []
	const predicted = Array.from({ length: count }, (_, row) => {
		const logits = data.subarray(row * classes, (row + 1) * classes)
		let best = 0
		for (let index = 1; index < classes; index++) if (logits[index]! > logits[best]!) best = index
		if (logits.some(Number.isNaN)) broken.push(ids[row] ?? `#${row}`)
		return best
	})
	if (broken.length > 0) {
		throw new NaptuneError(
			`The classifier's logits are not numbers (NaN) for ${listIds(broken)}. Its weights or parameters are damaged or diverged: check them, or go back to the last good state.`,
		)
	}
	return predicted
}

/** Image ids for a message, not too many of them. */
export function listIds(ids: readonly string[]): string {
	const shown = ids.slice(0, 5).join(', ')
	const more = ids.length > 5 ? ` and ${ids.length - 5} more` : ''
	return `image${ids.length > 1 ? 's' : ''} ${shown}${more}`
}
