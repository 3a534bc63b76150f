/** The attack inside tuning: PGD on a batch of training images. */

import { pgd } from '../../attacks/algorithms/pgd/pgd.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier } from '../../classifier/classifier.js'
import {
	type DivergenceObjective,
	embeddingDistance,
	featureKl,
	klToClean,
} from '../../classifier/objectives/divergence-objectives.js'
import type { Tensor } from '../../core/tensor.js'
import type { TuningConfig } from './configuration.js'

/**
 * Adversarial versions [B, 3, H, W] of a batch, within epsilon in L-infinity.
 * @param moment Keys random starts beside seed and image id, such as `epoch 3`.
 * @throws NaptuneError naming the images whose loss or gradient is not finite.
 */
export type InnerAttack = (classifier: Classifier, batch: AttackBatch, moment: string) => Promise<Tensor<'float32'>>

/**
 * The inner attack of a run, prepared once.
 * @param classes Number of classes. @param width Dimensions of the image features.
 */
export function innerAttack(
	{ attack, seed }: Pick<TuningConfig, 'attack' | 'seed'>,
	classes: number,
	width: number,
): InnerAttack {
	const { epsilon, steps, relativeStepSize, start, objective } = attack
	const divergences: Record<typeof objective, DivergenceObjective | undefined> = {
		'cross-entropy': undefined,
		'kl-to-clean': klToClean(classes),
		'feature-kl': featureKl(width),
		'embedding-distance': embeddingDistance(width),
	}
	const prepared = pgd.prepare({ steps, relativeStepSize, start, ...divergences[objective] })
	const threat = threatModel('linf', epsilon)
	const streams = imageStreams(seed)
	return (classifier, batch, moment) =>
		attackBatch(prepared, classifier, batch, threat, (id, purpose) => streams(id, `tuning ${purpose} ${moment}`))
}
