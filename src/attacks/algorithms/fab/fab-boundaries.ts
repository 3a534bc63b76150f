/** Where FAB takes its boundaries from: one target class, or the nearest of all classes. */

import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { targetedMarginObjective } from '../../../classifier/objectives/margin-objectives.js'
import { logitsOf, predictions } from '../../../classifier/predictions.js'
import { at } from '../../../core/at.js'
import { rowSize } from '../../../core/rows.js'
import { int64, type Tensor } from '../../../core/tensor.js'
import { type GradientSight, requireFinite } from '../../run/require-finite.js'
import { dualNorm } from '../../sets/hyperplane-projection.js'
import type { Norm } from '../../sets/threat-model.js'
import { rankedTargets } from '../ranked-targets.js'
import type { Boundary } from './fab-geometry.js'

/**
 * Linearises a boundary of each image's true class at these images [B, 3, H, W].
 * @param where Position in the attack for error messages, such as `of FAB before step 3 of 100`.
 * @throws NaptuneError that names the images whose difference or gradient is not finite.
 */
export type FindBoundaries = (images: Tensor<'float32'>, where: string) => Promise<Boundary[]>

/** The boundary to one target class per image, at the cost of one gradient. @param sight Receives every gradient. */
export function targetBoundaries(
	classifier: Classifier,
	{ labels, ids }: Pick<AttackBatch, 'labels' | 'ids'>,
	targets: readonly number[],
	sight?: GradientSight,
): FindBoundaries {
	const count = labels.length
	const side = { labels: int64([count], labels), targets: int64([count], targets) }
	return async (images, where) => {
		const seen = await classifier.gradient(images, targetedMarginObjective, side)
		requireFinite(seen, ids, where, sight)
		const size = rowSize(images)
		return labels.map((_, row) => ({
			difference: at(seen.loss.data, row),
			normal: seen.gradient.data.subarray(row * size, (row + 1) * size),
		}))
	}
}

/**
 * The boundary to one class for all steps: the class with this rank among the others on the clean image.
 * @param rank From 1, the likeliest. @param sight Receives every gradient.
 */
export async function rankedBoundaries(
	classifier: Classifier,
	batch: AttackBatch,
	rank: number,
	sight?: GradientSight,
): Promise<FindBoundaries> {
	const logits = await logitsOf(classifier, batch.images)
	predictions(logits, batch.ids)
	return targetBoundaries(classifier, batch, rankedTargets(logits, batch.labels, rank), sight)
}

/** Keeps distances finite for zero gradients. */
const leastLength = 1e-12

/**
 * The nearest boundary to any other class, by its linearisation and ignoring the box, at the cost of one gradient per class.
 * Ties go to the lowest class.
 * @param sight Receives every gradient.
 */
export function nearestBoundaries(
	classifier: Classifier,
	batch: Pick<AttackBatch, 'labels' | 'ids'>,
	norm: Norm,
	sight?: GradientSight,
): FindBoundaries {
	const others = classifier.classNames.length - 1
	const finders = Array.from({ length: others }, (_, other) =>
		targetBoundaries(
			classifier,
			batch,
			batch.labels.map((label) => (other < label ? other : other + 1)),
			sight,
		),
	)
	return async (images, where) => {
		let nearest: { readonly boundary: Boundary; readonly distance: number }[] = []
		for (const find of finders) {
			// Gradients of boundaries further away are dropped, so that a batch holds at most two at a time.
			nearest = (await find(images, where)).map((boundary, row) => {
				const length = leastLength + dualNorm(norm, boundary.normal)
				const own = { boundary, distance: Math.abs(boundary.difference) / length }
				const best = nearest[row]
				return best && !(own.distance < best.distance) ? best : own
			})
		}
		return nearest.map(({ boundary }) => boundary)
	}
}
