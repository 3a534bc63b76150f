/** Attacking one batch in memory. */

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
 * Adversarial images for a batch, by the same rounds and rules as `runAttack`: an image is done with as soon as a round
 * fools the classifier, and images that are wrong when clean (at their target, of a targeted attack) are left alone where
 * the attack does so. What nothing fools, and what is left alone, comes back clean.
 *
 * Of an attack of one round that leaves no image alone, such as PGD, nothing depends on predictions: none are made, and
 * every image comes back as the round leaves it, on the whole batch at once.
 * @param classifier What is attacked: images [B, 3, H, W] in [0, 1] to logits [B, C].
 * @param batch Clean images with labels (targets, of a targeted attack) and ids, each id once.
 * @param threatModel Norm and epsilon, in pixel units of [0, 1].
 * @param streams Random numbers by image id, see `imageStreams`.
 * @returns [B, 3, H, W] in [0, 1] and within epsilon of the clean images (checked); never the batch's own storage.
 * @throws NaptuneError for a norm that the attack does not know, input that does not fit the classifier, or naming the
 * images whose logits, loss or gradient are not numbers.
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
	// A ball of radius 0 holds the clean image alone.
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
