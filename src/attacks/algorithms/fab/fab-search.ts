/** The iteration of FAB on a batch. */

import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { predict } from '../../../classifier/predictions.js'
import { at } from '../../../core/at.js'
import { rowSize } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import type { ThreatModel } from '../../sets/threat-model.js'
import type { FindBoundaries } from './fab-boundaries.js'
import { fabGeometry } from './fab-geometry.js'
import type { FabSettings } from './fab-options.js'

/**
 * Moves the images `current` [B, 3, H, W] over boundaries and back, in place, and returns for each the misclassified iterate
 * nearest to the clean image, or the clean image if none is within epsilon. Epsilon does not bound the iterates themselves.
 * @param images Clean images.
 * @param find Linearises boundaries at the current images.
 * @throws NaptuneError that names the images whose logits or gradients are not finite.
 */
export async function searchBoundary(
	classifier: Classifier,
	{ images, labels, ids }: AttackBatch,
	current: Tensor<'float32'>,
	find: FindBoundaries,
	{ norm, epsilon }: ThreatModel,
	settings: FabSettings,
): Promise<Tensor<'float32'>> {
	const size = rowSize(images)
	const { advance, retreat, distance } = fabGeometry(norm, size, settings)
	const of = ({ data }: Tensor<'float32'>, row: number) => data.subarray(row * size, (row + 1) * size)
	const found: Tensor<'float32'> = { ...images, data: images.data.slice() }
	const nearest = labels.map(() => Number.POSITIVE_INFINITY)
	for (let step = 0; step < settings.steps; step++) {
		const boundaries = await find(current, `of FAB before step ${step + 1} of ${settings.steps}`)
		for (const [row, boundary] of boundaries.entries()) advance(of(current, row), of(images, row), boundary)
		for (const [row, predicted] of (await predict(classifier, current, ids)).entries()) {
			if (predicted === labels[row]) continue
			const change = distance(of(current, row), of(images, row))
			if (change < at(nearest, row)) {
				nearest[row] = change
				if (change <= epsilon) of(found, row).set(of(current, row))
			}
			retreat(of(current, row), of(images, row))
		}
	}
	return found
}
