/** What tests of FAB share. */

import type { Tensor } from '../onnx/tensor.js'
import type { AttackBatch } from './attack.js'
import { range } from './batch-rows.js'
import type { Classifier } from './classifier.js'
import { randomBatch } from './graphs.test.support.js'
import { predictions } from './predictions.js'

export const bytes = ({ data }: Tensor): string =>
	Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')

export const predict = async (classifier: Classifier, { images, ids }: Pick<AttackBatch, 'images' | 'ids'>) =>
	predictions((await classifier.evaluate(images, ['logits'])).logits!, ids)

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
	const counting: Classifier = {
		...classifier,
		evaluate(images, taps) {
			calls.evaluations += images.shape[0]!
			return classifier.evaluate(images, taps)
		},
		gradient(images, objective, side) {
			calls.gradients += images.shape[0]!
			return classifier.gradient(images, objective, side)
		},
	}
	return { classifier: counting, calls }
}
