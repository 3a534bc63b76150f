/**
 * Shared code of MI-FGSM, VMI-FGSM and DI-FGSM: steps of a fixed length along the sign of a momentum of normalised
 * gradients, on surrogates with averaged logits. They differ in the gradient that enters the momentum.
 */

import { z } from 'zod'
import type { Passes } from '../../../classifier/pass-counter.js'
import { rowSize } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import type { AttackRound, AttackRun } from '../../run/attack-round.js'
import { perturbationSet } from '../../sets/registry.js'
import { exactEnsembleGradient } from './ensemble-gradient.js'
import { accumulate } from './momentum.js'
import { requireSurrogates, surrogatesOption } from './surrogate.js'

/** Options that all of them have. */
export const momentumOptions = {
	/** Models to make the images on, all for the classes of the data. */
	surrogates: surrogatesOption,
	/** Steps; by default each is epsilon / steps long. */
	steps: z.int().positive().default(10),
	/** Length of a step as a multiple of epsilon; by default 1 / steps, so that the last step reaches the border. */
	relativeStepSize: z.number().positive().optional(),
	/** Decay of the momentum. */
	decay: z.number().nonnegative().default(1),
	/** How to combine the logits of several surrogates. */
	ensemble: z.enum(['sum', 'mean']).default('mean'),
}

const momentumSchema = z.strictObject(momentumOptions)

/** Options with defaults filled in. */
export type MomentumSettings = z.output<typeof momentumSchema>

/**
 * The gradient of the cross entropy of the surrogates' combined logits.
 * @param images [B, 3, H, W]. @param where For errors.
 */
export type GradientAt = (images: Tensor<'float32'>, where: string) => Promise<Float64Array>

/** A step's direction before it enters the momentum. @param step 0-based. */
export type StepGradient = (images: Tensor<'float32'>, step: number, where: string) => Promise<ArrayLike<number>>

/**
 * The one round of such an attack.
 * @param gradients Number of gradients per image and surrogate. @param gradient Computes v from the surrogates' gradients;
 * called once per batch.
 */
export function momentumRounds(
	name: string,
	settings: MomentumSettings,
	gradients: number,
	gradient: MomentumGradient,
): [AttackRound] {
	return [{ stage: name, name, cost: momentumCost(settings, gradients), run: momentumRun(name, settings, gradient) }]
}

/** Creates the gradient that enters the momentum from the surrogates' gradients. */
type MomentumGradient = (gradientAt: GradientAt, call: Parameters<AttackRun>) => StepGradient

/**
 * Such an attack. It uses only the classes and the input size of the classifier. g = decay · g + v / mean |v| per image, x =
 * x + step · sign(g), projected to ball and box after every step; a zero gradient adds nothing.
 * @param gradient Computes v from the surrogates' gradients; called once per batch.
 * @throws NaptuneError (from the returned function) for surrogates of other classes or image sizes, or naming the images
 * whose gradient is not finite.
 */
function momentumRun(
	name: string,
	{ surrogates, steps, relativeStepSize = 1 / steps, decay, ensemble }: MomentumSettings,
	gradient: MomentumGradient,
): AttackRun {
	return async (...call) => {
		const [classifier, batch, threatModel, , sight] = call
		requireSurrogates(name, surrogates, classifier, true)
		const current: Tensor<'float32'> = { ...batch.images, data: batch.images.data.slice() }
		const { epsilon } = threatModel
		if (epsilon === 0) return current
		const set = perturbationSet(threatModel, batch.images)
		const direction = gradient(
			(images, where) => exactEnsembleGradient(surrogates, images, batch, ensemble, where, sight),
			call,
		)
		const momentum = new Float64Array(current.data.length)
		for (let step = 0; step < steps; step++) {
			const where = `step ${step + 1} of ${steps} of ${name}`
			accumulate(momentum, await direction(current, step, where), rowSize(current), decay, 'mean-absolute')
			set.ascend(current.data, Float32Array.from(momentum, Math.sign), relativeStepSize * epsilon)
		}
		return current
	}
}

/** The cost of this many gradients; before surrogates are given, the cost for one. */
function momentumCost({ surrogates }: Pick<MomentumSettings, 'surrogates'>, gradients: number): Passes {
	const count = gradients * Math.max(1, surrogates.length)
	return { evaluations: count, gradients: count }
}
