/**
 * The feature attack of AGS ("Affordable and Generalizable Substitute Training for Transferable Adversarial Attack", 2024):
 * without labels, it turns inner features of a substitute, also trained without labels, away from those of the clean image.
 */

import { z } from 'zod'
import type { Classifier } from '../../../classifier/classifier.js'
import { featureCosine, tapSize } from '../../../classifier/objectives/feature-cosine.js'
import { at } from '../../../core/at.js'
import { defined } from '../../../core/defined.js'
import { NaptuneError } from '../../../core/errors.js'
import { rowSize } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { defineAttack } from '../../define-attack.js'
import type { AttackRun } from '../../run/attack-round.js'
import { requireFinite } from '../../run/require-finite.js'
import { perturbationSet } from '../../sets/registry.js'
import { accumulate } from '../transfer/momentum.js'
import { recordedWithSurrogates, requireSurrogates, type Surrogate, surrogatesOption } from '../transfer/surrogate.js'

/** Length of a step as a multiple of epsilon: 1/255 at the reference's epsilon. */
const usualStep = 1 / 25.5

export const agsSchema = z
	.strictObject({
		/** The substitute: one model. */
		surrogates: surrogatesOption,
		/** The tap whose values it turns away; the reference uses the middle of a residual network. */
		tap: z.string().min(1).default('features'),
		steps: z.int().positive().default(300),
		/** Length of a step in pixel units of [0, 1]. */
		stepSize: z.number().positive().optional(),
		/**
		 * Length of a step as a multiple of epsilon; default 1/25.5 if neither is given, which is 1/255 at the reference's
		 * epsilon.
		 */
		relativeStepSize: z.number().positive().optional(),
		/** Decay of the momentum. */
		decay: z.number().nonnegative().default(1),
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

/** Options of AGS; all but the surrogates have defaults. */
export type AgsOptions = z.input<typeof agsSchema>

/** Options of AGS with defaults filled in. */
type AgsSettings = z.output<typeof agsSchema>

/**
 * AGS on a batch. It uses only the input size of the classifier, and no labels. As in the reference (lwmming/AGS, its
 * evaluation at 25.5/255): m = decay · m + g / mean |g| per image, then a step along sign(m). The random start, from the
 * image's stream of the purpose `ags start`, is clipped to the pixel range at once, not after the first step. Steps scale
 * with epsilon: 300 steps of a fixed 1/255 would leave a small ball every time.
 * @throws NaptuneError (from the returned function) for a tap that the substitute lacks, for any number of substitutes but
 * one, or naming the images whose gradient is not finite.
 */
function agsRun(settings: AgsSettings): AttackRun {
	const { surrogates, tap, steps, stepSize, relativeStepSize = usualStep, decay } = settings
	return async (classifier, batch, threatModel, streams, sight) => {
		const { epsilon } = threatModel
		const substitute = onlySurrogate('ags', surrogates, classifier)
		const current: Tensor<'float32'> = { ...batch.images, data: batch.images.data.slice() }
		if (epsilon === 0) return current
		const { ids } = batch
		const set = perturbationSet(threatModel, batch.images)
		const { objective, sideInputs } = featureCosine(tap, await tapSize(substitute.classifier, tap))
		const side = await sideInputs(substitute.classifier, batch)
		for (const [row, id] of ids.entries()) set.sample(current.data, row, streams(id, 'ags start'))
		const momentum = new Float64Array(current.data.length)
		for (let step = 0; step < steps; step++) {
			const found = await substitute.classifier.gradient(current, objective, side)
			requireFinite(found, ids, `of surrogate ${substitute.name}, step ${step + 1} of ${steps} of AGS`, sight)
			accumulate(momentum, found.gradient.data, rowSize(current), decay, 'mean-absolute')
			set.ascend(current.data, new Float32Array(momentum), stepSize ?? relativeStepSize * epsilon)
		}
		return current
	}
}

function onlySurrogate(
	attack: string,
	surrogates: readonly Surrogate[],
	classifier: Pick<Classifier, 'classNames' | 'inputShape'>,
): Surrogate {
	requireSurrogates(attack, surrogates, classifier, false)
	if (surrogates.length === 1) return at(surrogates, 0)
	throw new NaptuneError(
		'NAP_ATTACK_UNSUITABLE',
		`Attack ${attack} works on one substitute; ${surrogates.length} were given. Choose one of them.`,
	)
}

/**
 * The feature attack of AGS, on one substitute, given as the option `surrogates`.
 * @example
 * const attack = ags.prepare({ surrogates: [await openSurrogate(engine, 'substitute.onnx', classNames)], steps: 100 })
 */
export const ags = defineAttack({
	name: 'ags',
	doc: "Feature attack of AGS: turns a substitute's inner features away, without labels.",
	source:
		'Affordable and Generalizable Substitute Training for Transferable Adversarial Attack, AAAI 2024; steps as in lwmming/AGS (CpAttack with the constants of its evaluation: 300 steps of epsilon / 25.5, momentum 1)',
	access: 'nothing',
	norms: ['linf'],
	labelFree: true,
	schema: agsSchema,
	presets: {},
	alternatives: [['stepSize', 'relativeStepSize']],
	recorded: recordedWithSurrogates,
	rounds: (settings, _, name) => [
		{ stage: name, name, cost: { evaluations: 2, gradients: settings.steps }, run: agsRun(settings) },
	],
})
