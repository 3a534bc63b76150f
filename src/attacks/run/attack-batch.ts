/** Attacks one batch in memory. */

import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier } from '../../classifier/classifier.js'
import { at } from '../../core/at.js'
import { rowSize, takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import type { PreparedAttack } from '../attack-definition.js'
import type { ThreatModel } from '../sets/threat-model.js'
import { checkInput } from './check-input.js'
import { driveRounds } from './drive-rounds.js'
import { followStates } from './followed-states.js'
import type { ImageStreams } from './image-streams.js'

/**
 * Makes adversarial images for a batch, by the same rounds and rules as `runAttack`: an image is finished as soon as a round
 * fools the classifier, and attacks that skip wrong images skip those that are wrong when clean (or at their target, in a
 * targeted attack). Skipped images, and images that no round fools, come back clean.
 *
 * An attack with one round that skips no image, such as PGD, does not depend on predictions: it makes none, and returns the
 * result of the round on the whole batch.
 * @param classifier The target: images [B, 3, H, W] in [0, 1] to logits [B, C].
 * @param batch Clean images with labels (targets, for a targeted attack) and unique ids.
 * @param threatModel Norm and epsilon, in pixel units of [0, 1].
 * @param streams Random numbers by image id, see `imageStreams`.
 * @returns [B, 3, H, W] in [0, 1] and within epsilon of the clean images (checked); never the batch's own storage.
 * @throws NaptuneError for a norm that the attack does not support, input that does not fit the classifier, or naming the
 * images whose logits, loss or gradient are not finite.
 * @example
 * const attack = prepareAttack('pgd-100', { restarts: 2 })
 * const batch = { images, labels: [3, 8], ids: ['a.png', 'b.png'] }
 * const adversarial = await attackBatch(attack, classifier, batch, threatModel('linf', 4 / 255), imageStreams(1))
 */
export async function attackBatch(
	attack: PreparedAttack,
	classifier: Classifier,
	batch: AttackBatch,
	threatModel: ThreatModel,
	streams: ImageStreams,
): Promise<Tensor<'float32'>> {
	checkInput(attack, classifier, batch, threatModel)
	const { images, labels, ids } = batch
	const found: Tensor<'float32'> = { ...images, data: images.data.slice() }
	// A ball of radius 0 contains only the clean image.
	if (threatModel.epsilon === 0) return found
	const rounds = attack.rounds(classifier.classNames.length)
	if (rounds.length === 1 && !attack.skipsWrong) return at(rounds, 0).run(classifier, batch, threatModel, streams)
	const aims = attack.targeted ? { ids, targets: labels } : { ids, labels }
	const states = followStates(aims, { rounds, skipWrong: attack.skipsWrong })
	const size = rowSize(images)
	const tried = driveRounds({
		classifier,
		rounds,
		threatModel,
		streams,
		batchSize: ids.length,
		ids,
		labels,
		pixels: async (positions) => takeRows(images, positions),
		states,
	})
	for await (const { positions, candidates } of tried) {
		for (const [row, position] of positions.entries()) {
			if (!candidates || !states.at(position).fooled) continue
			found.data.set(candidates.data.subarray(row * size, (row + 1) * size), position * size)
		}
	}
	return found
}
