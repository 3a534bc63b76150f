/**
 * The feature attack of AGS ("Affordable and Generalizable Substitute Training for Transferable Adversarial Attack", 2024):
 * inner features of a substitute that was trained without labels are turned away from those of the clean image, without
 * labels either.
 */

import { z } from 'zod'
import { featureCosine, tapSize } from '../../../classifier/objectives/feature-cosine.js'
import { defined } from '../../../core/defined.js'
import { NaptuneError } from '../../../core/errors.js'
import { rowSize } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import type { AttackDefinition } from '../../attack-definition.js'
import { checkedAttack } from '../../run/checked-attack.js'
import { requireFinite } from '../../run/require-finite.js'
import { perturbationSet } from '../../sets/registry.js'
import { usableOptions } from '../../usable-options.js'
import { accumulate } from '../transfer/momentum.js'
import { requireSurrogates, surrogatesOption } from '../transfer/surrogate.js'

export const agsSchema = z
	.strictObject({
		/** The substitute: one model. */
		surrogates: surrogatesOption,
		/** Its tap whose values are turned away; the reference takes the middle of a residual network. */
		tap: z.string().min(1).default('features'),
		steps: z.int().positive().default(300),
		/** Length of a step in pixel units of [0, 1]. */
		stepSize: z.number().positive().optional(),
		/** Length of a step as a multiple of epsilon; 1/25.5 where neither is given, which is 1/255 at the reference's epsilon. */
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
			relativeStepSize: options.stepSize === undefined ? (options.relativeStepSize ?? 1 / 25.5) : undefined,
		}),
	}))

/** Options of AGS, all with defaults but the surrogates. */
export type AgsOptions = z.input<typeof agsSchema>

/**
 * AGS on a batch; of the classifier only its input size is read, and labels are not used. As in the reference
 * (lwmming/AGS, its evaluation at 25.5/255): m = decay · m + g / mean |g| per image, then a step along sign(m). The random
 * start, from the image's stream of the purpose `ags start`, is cut to the range of pixels at once, not after the first
 * step. Steps follow epsilon: 300 of a fixed 1/255 would leave a small ball at every step.
 * @throws NaptuneError for wrong options or input, a tap that the substitute does not have, a norm other than L-infinity,
 * or naming the images whose gradient is not finite.
 */
export const ags = checkedAttack<AgsOptions>(async (classifier, batch, threatModel, options, streams) => {
	const { surrogates, tap, steps, stepSize, relativeStepSize, decay } = agsSettings(options)
	const { norm, epsilon } = threatModel
	if (norm !== 'linf') throw new NaptuneError(`Attack ags works in linf, not in ${norm}.`)
	requireSurrogates('ags', surrogates, classifier, false)
	if (surrogates.length > 1) {
		throw new NaptuneError(`Attack ags works on one substitute, ${surrogates.length} were given. Choose one of them.`)
	}
	const current: Tensor<'float32'> = { ...batch.images, data: batch.images.data.slice() }
	if (epsilon === 0) return current
	const substitute = surrogates[0]!
	const { ids } = batch
	const set = perturbationSet(threatModel, batch.images)
	const { objective, sideInputs } = featureCosine(tap, await tapSize(substitute.classifier, tap))
	const side = await sideInputs(substitute.classifier, batch)
	for (const [row, id] of ids.entries()) set.sample(current.data, row, streams(id, 'ags start'))
	const momentum = new Float64Array(current.data.length)
	for (let step = 0; step < steps; step++) {
		const found = await substitute.classifier.gradient(current, objective, side)
		requireFinite(found, ids, `of surrogate ${substitute.name}, step ${step + 1} of ${steps} of AGS`)
		accumulate(momentum, found.gradient.data, rowSize(current), decay, 'mean-absolute')
		set.ascend(current.data, new Float32Array(momentum), stepSize ?? relativeStepSize! * epsilon)
	}
	return current
})

function agsSettings(options: AgsOptions) {
	return usableOptions('AGS', agsSchema, options)
}

/** AGS for the registry. */
export const agsDefinition: AttackDefinition<typeof agsSchema> = {
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
	targeted: () => false,
	rounds: (options) => {
		const calls = { evaluations: 2, gradients: options.steps }
		return [
			{ stage: 'ags', name: 'ags', calls, run: (model, batch, threat, own) => ags(model, batch, threat, options, own) },
		]
	},
	run: ags,
}
