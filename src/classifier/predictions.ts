/** From logits to predicted classes. */

import { entry, missing } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import type { Classifier } from './classifier.js'

/**
 * The class of the largest logit per image; ties go to the lowest class, so that duplicate class names have one answer.
 * @param logits [B, C].
 * @param ids Image ids, for the error.
 * @throws NaptuneError that names the images whose logits are NaN.
 */
export function predictions({ shape, data }: Tensor<'float32'>, ids: readonly string[]): number[] {
	const [count = 0, classes = 0] = shape
	const broken: string[] = []
	const predicted = Array.from({ length: count }, (_, row) => {
		const logits = data.subarray(row * classes, (row + 1) * classes)
		let best = 0
		let largest = logits[0] ?? missing
		for (let index = 1; index < classes; index++) {
			const logit = logits[index] ?? missing
			if (logit > largest) {
				best = index
				largest = logit
			}
		}
		if (logits.some(Number.isNaN)) broken.push(ids[row] ?? `#${row}`)
		return best
	})
	if (broken.length > 0) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The classifier's logits are not numbers (NaN) for ${listIds(broken)}. Its weights or parameters are damaged, or training diverged: check them, or return to the last good state.`,
		)
	}
	return predicted
}

/** Logits [B, C] of images [B, 3, H, W]. */
export async function logitsOf(classifier: Classifier, images: Tensor<'float32'>): Promise<Tensor<'float32'>> {
	return entry(await classifier.evaluate(images, ['logits']), 'logits')
}

/**
 * The class that a classifier predicts for each image of [B, 3, H, W]; see {@link predictions}.
 * @throws NaptuneError that names the images whose logits are NaN.
 */
export async function predict(
	classifier: Classifier,
	images: Tensor<'float32'>,
	ids: readonly string[],
): Promise<number[]> {
	return predictions(await logitsOf(classifier, images), ids)
}

/** Image ids for a message, shortened if there are many. */
export function listIds(ids: readonly string[]): string {
	const shown = ids.slice(0, 5).join(', ')
	const more = ids.length > 5 ? ` and ${ids.length - 5} more` : ''
	return `image${ids.length > 1 ? 's' : ''} ${shown}${more}`
}
