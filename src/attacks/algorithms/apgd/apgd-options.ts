/** Options of APGD. */

import { z } from 'zod'
import { defined } from '../../../core/defined.js'

export const apgdSchema = z
	.strictObject({
		/**
		 * What is maximised: cross entropy, the difference of logits ratio or the margin of logits; those with `targeted` take
		 * one other class after the other as target.
		 */
		loss: z.enum(['ce', 'dlr', 'dlr-targeted', 'margin', 'margin-targeted']).default('ce'),
		/** Iterations, each with one gradient, after one at the start. */
		steps: z.int().positive().default(100),
		/** Independent runs, of every target where there are targets; more than one needs a random start. */
		restarts: z.int().positive().default(1),
		/** For targeted losses: how many of the classes that come next on the clean image are targets; at most C - 1 are. */
		targets: z.int().positive().optional(),
		/** From a random point on the surface of the ball, or from the clean image. */
		start: z.enum(['uniform', 'zero']).default('uniform'),
		/** Draws of a randomised classifier that every gradient is averaged over; see `expectedGradient`. */
		eotSamples: z.int().positive().default(1),
	})
	.refine(({ start, restarts }) => start !== 'zero' || restarts === 1, {
		message: 'restarts from the clean image would all be the same; use start uniform, or 1 restart',
	})
	.refine(({ loss, targets }) => targets === undefined || loss.endsWith('targeted'), {
		message: 'targets are for the losses dlr-targeted and margin-targeted; leave them out, or choose one of those',
	})
	.transform((options) => ({
		...options,
		...defined({ targets: options.loss.endsWith('targeted') ? (options.targets ?? 9) : undefined }),
	}))

/** Options of APGD, all with defaults. */
export type ApgdOptions = z.input<typeof apgdSchema>

/** Options of APGD with defaults filled in. */
export type ApgdSettings = z.output<typeof apgdSchema>
