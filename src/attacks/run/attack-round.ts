/** What attacks are made of: tries, each from the clean images. */

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
 * One try of an attack: one restart, one target. Every round starts from the clean images, and its candidates are
 * classified again by whoever runs it, so that no attack is judge of its own success.
 */
export interface AttackRound {
	/** The stage that it belongs to, such as `apgd-ce`; accuracies are reported after every stage. */
	readonly stage: string
	/** Unique within the attack, such as `apgd-t target 3`. */
	readonly name: string
	/**
	 * Passes per image at most, of the attacked model or of surrogates, for estimates of time. An attack that follows
	 * predictions looks once more at a randomised model for every gradient, whose own logits are of other numbers.
	 */
	readonly cost: Passes
	readonly run: AttackRun
}

/**
 * A pure function from clean images to candidates. On the CPU provider the same image gets the byte-identical result
 * whatever the batch, order or threads.
 * @param batch Clean images [B, 3, H, W] in [0, 1] with labels (targets, of a targeted attack) and ids.
 * @param streams All randomness: by image and purpose.
 * @param sight Told of every gradient that is looked at; {@link requireFinite} does so.
 * @returns Candidates [B, 3, H, W] within the threat model; the clean image where nothing was found.
 */
export type AttackRun = (
	classifier: Classifier,
	batch: AttackBatch,
	threatModel: ThreatModel,
	streams: ImageStreams,
	sight?: GradientSight,
) => Promise<Tensor<'float32'>>

/** Some images of a batch, in this order. */
export function rowsOf({ images, labels, ids }: AttackBatch, rows: readonly number[]): AttackBatch {
	return {
		images: takeRows(images, rows),
		labels: rows.map((row) => at(labels, row)),
		ids: rows.map((row) => at(ids, row)),
	}
}
