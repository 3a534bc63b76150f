/** Rounds, the parts of an attack, each from the clean images. */

import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier } from '../../classifier/classifier.js'
import type { Passes } from '../../classifier/pass-counter.js'
import { at } from '../../core/at.js'
import { takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { ThreatModel } from '../sets/threat-model.js'
import type { ImageStreams } from './image-streams.js'
import type { GradientSight } from './require-finite.js'

/**
 * One try of an attack: one restart, one target. Every round starts from the clean images, and the caller classifies its
 * candidates again, so that no attack judges its own success.
 */
export interface AttackRound {
	/** Its stage, such as `apgd-ce`; accuracies are reported after every stage. */
	readonly stage: string
	/** Unique within the attack, such as `apgd-t target 3`. */
	readonly name: string
	/**
	 * Most passes per image, of the attacked model or of surrogates, for estimates of time. On a randomised model, an attack
	 * that follows predictions takes one more evaluation per gradient, because the gradient's own logits have other random
	 * numbers.
	 */
	readonly cost: Passes
	readonly run: AttackRun
}

/**
 * A pure function from clean images to candidates. On the CPU provider an image gets the byte-identical result in any batch,
 * order or number of threads.
 * @param batch Clean images [B, 3, H, W] in [0, 1] with labels (targets, for a targeted attack) and ids.
 * @param streams All randomness, by image and purpose.
 * @param sight Receives every gradient that is used; {@link requireFinite} calls it.
 * @returns Candidates [B, 3, H, W] within the threat model; the clean image if nothing was found.
 */
export type AttackRun = (
	classifier: Classifier,
	batch: AttackBatch,
	threatModel: ThreatModel,
	streams: ImageStreams,
	sight?: GradientSight,
) => Promise<Tensor<'float32'>>

/** Selected images of a batch, in this order. */
export function rowsOf({ images, labels, ids }: AttackBatch, rows: readonly number[]): AttackBatch {
	return {
		images: takeRows(images, rows),
		labels: rows.map((row) => at(labels, row)),
		ids: rows.map((row) => at(ids, row)),
	}
}
