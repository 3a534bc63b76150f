/**
 * PGD by an attacker who knows only the image encoder, neither classes nor texts: it drives the image features away from the
 * clean image's (AdvPT; NAP-Tuning, equation 2). The attacked classifier may differ from the encoder's.
 */

import { z } from 'zod'
import type { Classifier } from '../../../classifier/classifier.js'
import { featureKl } from '../../../classifier/objectives/divergence-objectives.js'
import { at, entry } from '../../../core/at.js'
import { defined } from '../../../core/defined.js'
import { NaptuneError } from '../../../core/errors.js'
import type { Tensor } from '../../../core/tensor.js'
import { defineAttack } from '../../define-attack.js'
import type { AttackRun } from '../../run/attack-round.js'
import { pgdRun } from '../pgd/pgd.js'
import { usualStep } from '../pgd/pgd-options.js'

export const featurePgdSchema = z
	.strictObject({
		/** Gradient steps. */
		steps: z.int().positive().default(100),
		/** Length of a step in pixel units of [0, 1]. */
		stepSize: z.number().positive().optional(),
		/** Length of a step as a multiple of epsilon; a quarter if neither is given. */
		relativeStepSize: z.number().positive().optional(),
		/**
		 * A uniformly random point of the ball, or (L-infinity only, AdvPT) of the part where no pixel is below the clean
		 * one. Not the clean image: the divergence has no gradient there.
		 */
		start: z.enum(['uniform', 'one-sided']).default('uniform'),
		/** Draws of a randomised encoder to average every gradient over, 1 by default; see `expectedGradient`. */
		eotSamples: z.int().positive().optional(),
	})
	.refine(({ stepSize, relativeStepSize }) => stepSize === undefined || relativeStepSize === undefined, {
		message: 'give stepSize (pixel units) or relativeStepSize (multiple of epsilon), not both',
	})
	.transform((options) => ({
		...options,
		...defined({
			relativeStepSize: options.stepSize === undefined ? (options.relativeStepSize ?? usualStep) : undefined,
		}),
	}))

/** Options of the feature attack, all with defaults. */
export type FeaturePgdOptions = z.input<typeof featurePgdSchema>

/** Options of the feature attack with defaults filled in. */
type FeaturePgdSettings = z.output<typeof featurePgdSchema>

/**
 * Maximises KL(clean || adversarial) of the image features with {@link pgdRun} and returns the last iterate: the attacker
 * sees no predictions to choose an iterate by. The random start is that of `pgd`, from the same streams.
 * @throws NaptuneError (from the returned function) for a classifier without the tap `imageFeatures` [B, width].
 */
function featurePgdRun(settings: FeaturePgdSettings): AttackRun {
	return async (classifier, batch, ...others) => {
		const clean = await imageFeatures(classifier, batch.images)
		const { objective } = featureKl(at(clean.shape, 1))
		const sideInputs = async () => ({ clean })
		const { eotSamples, ...steps } = settings
		const last = { restarts: 1, targeted: false, keep: 'last', ...defined({ eotSamples }) } as const
		const run = pgdRun({ ...steps, ...last, objective, sideInputs })
		return run(classifier, batch, ...others)
	}
}

async function imageFeatures(classifier: Classifier, images: Tensor<'float32'>): Promise<Tensor<'float32'>> {
	if (!classifier.taps.includes('imageFeatures')) {
		throw new NaptuneError(
			'NAP_ATTACK_UNSUITABLE',
			`The feature attack needs the tap imageFeatures, which the classifier lacks; it has: ${classifier.taps.join(', ')}. Attack its logits instead, with pgd.`,
		)
	}
	const features = entry(await classifier.evaluate(images, ['imageFeatures']), 'imageFeatures')
	if (features.shape.length === 2) return features
	throw new NaptuneError(
		'NAP_ATTACK_UNSUITABLE',
		`The feature attack needs image features [B, width]; the classifier's are [${features.shape.join(', ')}].`,
	)
}

/**
 * The feature attack: PGD on the divergence between the image features and the clean image's.
 * @example
 * const attack = featurePgd.prepare({ steps: 20, start: 'one-sided' })
 */
export const featurePgd = defineAttack({
	name: 'feature-pgd',
	doc: 'Projected gradient descent on the image features: the attacker knows only the image encoder, not the texts.',
	source: 'Zhang et al. 2024 (AdvPT); NAP-Tuning, arXiv 2506.12706, equation 2',
	access: 'gradient',
	norms: ['linf', 'l2'],
	labelFree: true,
	schema: featurePgdSchema,
	presets: {},
	alternatives: [['stepSize', 'relativeStepSize']],
	draws: ({ eotSamples = 1 }) => eotSamples,
	rounds(settings, _, name) {
		const cost = { evaluations: 1, gradients: settings.steps * (settings.eotSamples ?? 1) }
		return [{ stage: name, name, cost, run: featurePgdRun(settings) }]
	},
})
