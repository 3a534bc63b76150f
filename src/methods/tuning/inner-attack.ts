/** The attack inside tuning: PGD on a batch of training images. */

import { pgd } from '../../attacks/algorithms/pgd/pgd.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier } from '../../classifier/classifier.js'
import { type DivergenceObjective, featureKl, klToClean } from '../../classifier/objectives/divergence-objectives.js'
import type { Tensor } from '../../core/tensor.js'
import type { TuningConfig } from './configuration.js'

/**
 * Adversarial versions of a batch.
 * @param width Dimensions of the image features. @param moment Keys random starts beside seed and image id.
 * @throws NaptuneError as `pgd`.
 */
export function innerAttack(
	classifier: Classifier,
	batch: AttackBatch,
	{ attack, seed }: Pick<TuningConfig, 'attack' | 'seed'>,
	width: number,
	moment: string,
): Promise<Tensor<'float32'>> {
	const { epsilon, steps, relativeStepSize, start, objective } = attack
	const streams = imageStreams(seed)
	const divergences: Record<typeof objective, DivergenceObjective | undefined> = {
		'cross-entropy': undefined,
		'kl-to-clean': klToClean(classifier.classNames.length),
		'feature-kl': featureKl(width),
	}
	return pgd(
		classifier,
		batch,
		threatModel('linf', epsilon),
		{ steps, relativeStepSize, start, ...divergences[objective] },
		(id, purpose) => streams(id, `tuning ${purpose} ${moment}`),
	)
}
