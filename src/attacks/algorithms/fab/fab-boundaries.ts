/** Where FAB takes its boundaries from: one target class, or the nearest of all classes. */

import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { targetedMarginObjective } from '../../../classifier/objectives/margin-objectives.js'
import { predictions } from '../../../classifier/predictions.js'
import { rowSize } from '../../../core/rows.js'
import { int64, type Tensor } from '../../../core/tensor.js'
import { requireFinite } from '../../run/require-finite.js'
import { dualNorm } from '../../sets/hyperplane-projection.js'
import type { Norm } from '../../sets/threat-model.js'
import { rankedTargets } from '../ranked-targets.js'
import type { Boundary } from './fab-geometry.js'

/**
 * Linearises a boundary of each image's true class at these images [B, 3, H, W].
 * @param where For the message of an error, such as `of FAB before step 3 of 100`.
 * @throws NaptuneError naming the images whose difference or gradient is not finite.
 */
export type FindBoundaries = (images: Tensor<'float32'>, where: string) => Promise<Boundary[]>

/** The boundary to one target class per image: one gradient. */
export function targetBoundaries(
	classifier: Classifier,
	{ labels, ids }: Pick<AttackBatch, 'labels' | 'ids'>,
	targets: readonly number[],
): FindBoundaries {
	const count = labels.length
	const side = { labels: int64([count], labels), targets: int64([count], targets) }
	return async (images, where) => {
		const seen = await classifier.gradient(images, targetedMarginObjective, side)
		requireFinite(seen, ids, where)
		const size = rowSize(images)
		return labels.map((_, row) => ({
			difference: seen.loss.data[row]!,
			normal: seen.gradient.data.subarray(row * size, (row + 1) * size),
		}))
	}
}

/**
 * The boundary to one class for all steps: that of a rank among the others on the clean image.
 * @param rank From 1, the likeliest.
 */
export async function rankedBoundaries(
	classifier: Classifier,
	batch: AttackBatch,
	rank: number,
): Promise<FindBoundaries> {
	const { logits } = await classifier.evaluate(batch.images, ['logits'])
	predictions(logits!, batch.ids)
	return targetBoundaries(classifier, batch, rankedTargets(logits!, batch.labels, rank))
}

/** Keeps distances finite where a gradient is zero. */
const leastLength = 1e-12

/**
 * The boundary that is nearest, by its linearisation and without the box, among those to all other classes: one gradient for
 * each. Of equally near ones that of the lowest class.
 */
export function nearestBoundaries(
	classifier: Classifier,
	batch: Pick<AttackBatch, 'labels' | 'ids'>,
	norm: Norm,
): FindBoundaries {
	const others = classifier.classNames.length - 1
	const finders = Array.from({ length: others }, (_, other) =>
		targetBoundaries(
			classifier,
			batch,
			batch.labels.map((label) => (other < label ? other : other + 1)),
		),
	)
	return async (images, where) => {
		let nearest: { readonly boundary: Boundary; readonly distance: number }[] | undefined
		for (const find of finders) {
			const found = (await find(images, where)).map((boundary) => {
				const length = leastLength + dualNorm(norm, boundary.normal)
				return { boundary, distance: Math.abs(boundary.difference) / length }
			})
			// A gradient whose boundary is further is let go, so that no more than two of a batch are held at a time.
			nearest = nearest?.map((best, row) => (found[row]!.distance < best.distance ? found[row]! : best)) ?? found
		}
		return nearest!.map(({ boundary }) => boundary)
	}
}
