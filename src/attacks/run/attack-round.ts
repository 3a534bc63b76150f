/** Attacks that try several things in turn, each only on the images that nothing before has fooled. */

import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier } from '../../classifier/classifier.js'
import { predictions } from '../../classifier/predictions.js'
import { range, rowSize, takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { ThreatModel } from '../sets/threat-model.js'
import type { Attack, ImageStreams } from './attack.js'
import { checkedAttack } from './checked-attack.js'

/**
 * One try of an attack: one restart, one target. Every round starts from the clean images, and its candidates are
 * classified again by whoever runs it, so that no attack is judge of its own success.
 */
export interface AttackRound {
	/** The stage that it belongs to, such as `apgd-ce`; accuracies are reported after every stage. */
	readonly stage: string
	/** Unique within the attack, such as `apgd-t target 3`. */
	readonly name: string
	/** Passes per image at most, for estimates of time. */
	readonly calls: { readonly evaluations: number; readonly gradients: number }
	/** Candidates [B, 3, H, W] within the threat model; the clean image where nothing was found. */
	readonly run: AttackRun
}

/** An attack whose options are chosen, or a part of one: adversarial images [B, 3, H, W] for a batch. */
export type AttackRun = (
	classifier: Classifier,
	batch: AttackBatch,
	threatModel: ThreatModel,
	streams: ImageStreams,
) => Promise<Tensor<'float32'>>

/**
 * An attack that runs rounds in turn on the images of a batch that are still classified right, the clean ones at first.
 * What it returns for an image is the candidate of the first round that fooled, or the clean image.
 * @param rounds From options and number of classes.
 * @param targeted Whether labels are targets: then the images not yet classified as their target go on.
 */
export function attackOfRounds<Options>(
	rounds: (options: Options, classes: number) => readonly AttackRound[],
	targeted: (options: Options) => boolean = () => false,
): Attack<Options> {
	return checkedAttack<Options>(async (classifier, batch, threatModel, options, streams) => {
		const found: Tensor<'float32'> = { ...batch.images, data: batch.images.data.slice() }
		if (threatModel.epsilon === 0) return found
		const size = rowSize(found)
		const aimed = targeted(options)
		let open = await openRows(classifier, batch, range(0, batch.ids.length), batch.images, aimed)
		for (const round of rounds(options, classifier.classNames.length)) {
			if (open.length === 0) break
			const candidates = await round.run(classifier, rowsOf(batch, open), threatModel, streams)
			const left = new Set(await openRows(classifier, batch, open, candidates, aimed))
			open.forEach((row, at) => {
				if (!left.has(row)) found.data.set(candidates.data.subarray(at * size, (at + 1) * size), row * size)
			})
			open = open.filter((row) => left.has(row))
		}
		return found
	})
}

/** Those of the rows that are not fooled: classified as labelled, or not as targeted. */
async function openRows(
	classifier: Classifier,
	{ ids, labels }: AttackBatch,
	rows: readonly number[],
	images: Tensor<'float32'>,
	targeted: boolean,
): Promise<number[]> {
	const { logits } = await classifier.evaluate(images, ['logits'])
	const predicted = predictions(
		logits!,
		rows.map((row) => ids[row]!),
	)
	return rows.filter((row, at) => (predicted[at] === labels[row]) !== targeted)
}

/** Some images of a batch. */
export function rowsOf({ images, labels, ids }: AttackBatch, rows: readonly number[]): AttackBatch {
	return {
		images: takeRows(images, rows),
		labels: rows.map((row) => labels[row]!),
		ids: rows.map((row) => ids[row]!),
	}
}
