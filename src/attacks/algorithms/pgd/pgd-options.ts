/** Options of PGD. */

import { z } from 'zod'
import { marginObjective } from '../../../classifier/objectives/margin-objectives.js'
import {
	crossEntropyObjective,
	isObjective,
	type Objective,
	targetedCrossEntropyObjective,
} from '../../../classifier/objectives/objective.js'
import type { SideInputs } from '../../../classifier/objectives/side-inputs.js'
import { defined } from '../../../core/defined.js'

export const pgdSchema = z
	.strictObject({
		/** Gradient steps. */
		steps: z.int().positive().default(100),
		/** Length of a step in pixel units of [0, 1]. */
		stepSize: z.number().positive().optional(),
		/** Length of a step as a multiple of epsilon; a quarter if neither is given. */
		relativeStepSize: z.number().positive().optional(),
		/**
		 * Where the first step starts: at the clean image, at a uniformly random point of the ball, or (L-infinity only,
		 * AdvPT) in the part of the ball where no pixel is below the clean one.
		 */
		start: z.enum(['zero', 'uniform', 'one-sided']).default('uniform'),
		/** Independent runs; more than one needs a random start. */
		restarts: z.int().positive().default(1),
		/** Whether labels are targets to reach rather than true labels to leave. */
		targeted: z.boolean().default(false),
		/**
		 * Which iterate to return. `last`: the final one, as in the references; with several restarts, the first final
		 * iterate that fools, or the one with the largest loss. `worst`: among all iterates of all restarts, start included,
		 * those that fool before those that do not, and then the largest loss.
		 */
		keep: z.enum(['last', 'worst']).default('last'),
		/** Draws of a randomised classifier to average every gradient over, 1 by default; see `expectedGradient`. */
		eotSamples: z.int().positive().optional(),
		/** The objective to maximise; by default the cross entropy with the labels (its negative if targeted). */
		objective: z.custom<Objective>(isObjective, 'expected an objective').optional(),
		/** Side inputs of the objective; by default the labels, if the objective reads them. */
		sideInputs: z.custom<SideInputs>((value) => typeof value === 'function', 'expected a function').optional(),
	})
	.refine(({ stepSize, relativeStepSize }) => stepSize === undefined || relativeStepSize === undefined, {
		message: 'give stepSize (pixel units) or relativeStepSize (multiple of epsilon), not both',
	})
	.refine(({ start, restarts }) => start !== 'zero' || restarts === 1, {
		message: 'all restarts from the clean image are the same; use start uniform, or 1 restart',
	})
	.refine(({ targeted, objective }) => !targeted || objective !== marginObjective, {
		message: 'the margin moves away from a label and reaches no target; remove targeted, or the objective',
	})
	.transform(({ objective, eotSamples = 1, ...options }) => ({
		...options,
		// Recorded only if set.
		...defined({
			eotSamples: eotSamples > 1 ? eotSamples : undefined,
			relativeStepSize: options.stepSize === undefined ? (options.relativeStepSize ?? usualStep) : undefined,
		}),
		objective: objective ?? (options.targeted ? targetedCrossEntropyObjective : crossEntropyObjective),
	}))

/** Options of PGD, all with defaults. */
export type PgdOptions = z.input<typeof pgdSchema>

/** Options of PGD with defaults filled in. */
export type PgdSettings = z.output<typeof pgdSchema>

/** Default length of a step as a multiple of epsilon. */
export const usualStep = 0.25

/** Length of a step in pixel units. @param epsilon Epsilon of the threat model, in pixel units. */
export function stepLength(
	{ stepSize, relativeStepSize = usualStep }: Pick<PgdSettings, 'stepSize' | 'relativeStepSize'>,
	epsilon: number,
): number {
	return stepSize ?? relativeStepSize * epsilon
}
