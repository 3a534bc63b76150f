/** What tests of FAB share. */

import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { decorate } from '../../../classifier/decorate.js'
import { randomBatch } from '../../../classifier/graphs.test.support.js'
import { predict as predictedClasses } from '../../../classifier/predictions.js'
import { range } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'

export const bytes = ({ data }: Tensor): string =>
	Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')

export const predict = (classifier: Classifier, { images, ids }: Pick<AttackBatch, 'images' | 'ids'>) =>
	predictedClasses(classifier, images, ids)

/** Random images labelled as the classifier sees them. */
export async function rightBatch(classifier: Classifier, count: number): Promise<AttackBatch> {
	const batch = randomBatch(range(0, count).map(() => 0))
	return { ...batch, labels: await predict(classifier, batch) }
}

/** Rows of the batch that are fooled by these images. */
export async function fooledRows(
	classifier: Classifier,
	batch: AttackBatch,
	images: Tensor<'float32'>,
): Promise<number[]> {
	const predicted = await predict(classifier, { ...batch, images })
	return range(0, batch.ids.length).filter((row) => predicted[row] !== batch.labels[row])
}

/** The classifier, with the calls for each image counted. */
export function counted(classifier: Classifier) {
	const calls = { evaluations: 0, gradients: 0 }
	const counting = decorate(classifier, {
		evaluate(inner, images, taps) {
			calls.evaluations += images.shape[0] ?? 0
			return inner.evaluate(images, taps)
		},
		gradient(inner, images, objective, side) {
			calls.gradients += images.shape[0] ?? 0
			return inner.gradient(images, objective, side)
		},
	})
	return { classifier: counting, calls }
}
