/** Options of APGD. */

import { z } from 'zod'
import { defined } from '../../../core/defined.js'

export const apgdSchema = z
	.strictObject({
		/**
		 * The objective: cross entropy, the difference of logits ratio or the margin of logits; targeted losses try one
		 * other class after another.
		 */
		loss: z.enum(['ce', 'dlr', 'dlr-targeted', 'margin', 'margin-targeted']).default('ce'),
		/** Iterations, each with one gradient, after one gradient at the start. */
		steps: z.int().positive().default(100),
		/** Independent runs, for every target if there are targets; more than one needs a random start. */
		restarts: z.int().positive().default(1),
		/** For targeted losses: how many of the next likeliest classes on the clean image are targets; at most C - 1. */
		targets: z.int().positive().optional(),
		/** From a random point on the surface of the ball, or from the clean image. */
		start: z.enum(['uniform', 'zero']).default('uniform'),
		/** Draws of a randomised classifier to average every gradient over; see `expectedGradient`. */
		eotSamples: z.int().positive().default(1),
	})
	.refine(({ start, restarts }) => start !== 'zero' || restarts === 1, {
		message: 'all restarts from the clean image are the same; use start uniform, or 1 restart',
	})
	.refine(({ loss, targets }) => targets === undefined || loss.endsWith('targeted'), {
		message: 'targets needs the loss dlr-targeted or margin-targeted; remove it, or choose one of those',
	})
	.transform((options) => ({
		...options,
		...defined({ targets: options.loss.endsWith('targeted') ? (options.targets ?? 9) : undefined }),
	}))

/** Options of APGD, all with defaults. */
export type ApgdOptions = z.input<typeof apgdSchema>

/** Options of APGD with defaults filled in. */
export type ApgdSettings = z.output<typeof apgdSchema>
