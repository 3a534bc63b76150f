/**
 * PGD of an attacker who knows the image encoder alone, neither classes nor texts: it drives the image features away from
 * the clean image's (AdvPT; NAP-Tuning, equation 2). The classifier that is attacked may be another one.
 */

import { z } from 'zod'
import type { Classifier } from '../../../classifier/classifier.js'
import { featureKl } from '../../../classifier/objectives/divergence-objectives.js'
import { defined } from '../../../core/defined.js'
import { NaptuneError } from '../../../core/errors.js'
import type { AttackDefinition } from '../../attack-definition.js'
import type { AttackRound } from '../../run/attack-round.js'
import { checkedAttack } from '../../run/checked-attack.js'
import { usableOptions } from '../../usable-options.js'
import { pgd } from '../pgd/pgd.js'

export const featurePgdSchema = z
	.strictObject({
		/** Gradient steps. */
		steps: z.int().positive().default(100),
		/** Length of a step in pixel units of [0, 1]. */
		stepSize: z.number().positive().optional(),
		/** Length of a step as a multiple of epsilon; a quarter where neither of the two is given. */
		relativeStepSize: z.number().positive().optional(),
		/**
		 * A uniformly random point of the ball or (L-infinity only, AdvPT) of the part of it where no pixel is smaller than the
		 * clean one. Not the clean image: there the divergence has no gradient.
		 */
		start: z.enum(['uniform', 'one-sided']).default('uniform'),
		/** Draws of a randomised encoder that every gradient is averaged over, 1 by default; see `expectedGradient`. */
		eotSamples: z.int().positive().optional(),
	})
	.refine(({ stepSize, relativeStepSize }) => stepSize === undefined || relativeStepSize === undefined, {
		message: 'give stepSize (pixel units) or relativeStepSize (multiple of epsilon), not both',
	})
	.transform((options) => ({
		...options,
		...defined({ relativeStepSize: options.stepSize === undefined ? (options.relativeStepSize ?? 0.25) : undefined }),
	}))

/** Options of the feature attack, all with defaults. */
export type FeaturePgdOptions = z.input<typeof featurePgdSchema>

/**
 * Maximises KL(clean || adversarial) of the image features with {@link pgd} and returns the last iterate: as the attacker
 * does not see predictions, there is nothing to choose by. The random start is that of `pgd`, from the same streams.
 * @throws NaptuneError for wrong options or input, or a classifier without the tap `imageFeatures`.
 */
export const featurePgd = checkedAttack<FeaturePgdOptions>(async (classifier, batch, threatModel, options, streams) => {
	const settings = usableOptions('the feature attack', featurePgdSchema, options)
	const clean = await imageFeatures(classifier, batch.images)
	const { objective } = featureKl(clean.shape[1]!)
	return pgd(classifier, batch, threatModel, { ...settings, objective, sideInputs: async () => ({ clean }) }, streams)
})

async function imageFeatures(classifier: Classifier, images: Parameters<Classifier['evaluate']>[0]) {
	if (!classifier.taps.includes('imageFeatures')) {
		throw new NaptuneError(
			`The feature attack moves image features, and the classifier offers no tap imageFeatures; it has: ${classifier.taps.join(', ')}. Attack its logits, with pgd.`,
		)
	}
	const { imageFeatures } = await classifier.evaluate(images, ['imageFeatures'])
	if (imageFeatures!.shape.length === 2) return imageFeatures!
	throw new NaptuneError(
		`The feature attack needs image features [B, width], the classifier's are [${imageFeatures!.shape.join(', ')}].`,
	)
}

/** The feature attack for the registry. */
export const featurePgdDefinition: AttackDefinition<typeof featurePgdSchema> = {
	name: 'feature-pgd',
	doc: 'Projected gradient descent on the image features alone: the attacker knows the image encoder, not the texts.',
	source: 'Zhang et al. 2024 (AdvPT); NAP-Tuning, arXiv 2506.12706, equation 2',
	access: 'gradient',
	norms: ['linf', 'l2'],
	schema: featurePgdSchema,
	presets: {},
	alternatives: [['stepSize', 'relativeStepSize']],
	targeted: () => false,
	rounds: (options): AttackRound[] => [
		{
			stage: 'feature-pgd',
			name: 'feature-pgd',
			calls: { evaluations: 1, gradients: options.steps * (options.eotSamples ?? 1) },
			run: (classifier, batch, threatModel, streams) => featurePgd(classifier, batch, threatModel, options, streams),
		},
	],
	run: featurePgd,
}
