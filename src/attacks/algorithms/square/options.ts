/** Options of the Square attack. */

import { z } from 'zod'

export const squareSchema = z
	.strictObject({
		/** Queries per image and restart, after the first one at the start. */
		queries: z.int().positive().default(5000),
		/** Share of the image's pixels that the first squares cover. */
		p: z.number().positive().max(1).default(0.8),
		/** Independent searches, each on the images that are still classified as labelled. */
		restarts: z.int().positive().default(1),
		/** Whether labels are targets to reach rather than true labels to leave. */
		targeted: z.boolean().default(false),
		/** The loss to minimise: `margin`, the default, or `ce`, the default for targets (see `LogitLosses`). */
		loss: z.enum(['margin', 'ce']).optional(),
		/**
		 * Whether the halvings of the squares scale with the number of queries, instead of the fixed schedule of
		 * AutoAttack's standard version.
		 */
		rescaleSchedule: z.boolean().default(false),
	})
	.transform((options) => ({ ...options, loss: options.loss ?? (options.targeted ? 'ce' : 'margin') }))

/** Options of the Square attack, all with defaults. */
export type SquareOptions = z.input<typeof squareSchema>

/** Options of the Square attack with defaults filled in. */
export type SquareSettings = z.output<typeof squareSchema>
