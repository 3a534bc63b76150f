/** Options of FAB. */

import { z } from 'zod'

export const fabSchema = z
	.strictObject({
		/**
		 * `targeted`: one round per target class, for the likeliest other classes of the clean image, at one gradient per
		 * step. `untargeted`: every step looks at the boundary of every class, at one gradient each.
		 */
		mode: z.enum(['targeted', 'untargeted']).default('targeted'),
		/** Target classes, for targeted mode; with fewer classes, all others. */
		targets: z.int().positive().optional(),
		/** Steps of a run. */
		steps: z.int().positive().default(100),
		/** Runs, per target in targeted mode; all but the first start at a random point. */
		restarts: z.int().positive().default(1),
		/** Largest weight of the projection of the clean image in the next iterate. */
		alphaMax: z.number().min(0).max(1).default(0.1),
		/** How far a step goes over the boundary, as a multiple of the distance to it. */
		eta: z.number().positive().default(1.05),
		/** The share of the change that remains after a misclassified iterate moves back towards the clean image. */
		beta: z.number().min(0).max(1).default(0.9),
		/** Whether to run untargeted with more classes than it otherwise accepts. */
		force: z.boolean().optional(),
	})
	.refine(({ mode, targets }) => mode === 'targeted' || targets === undefined, {
		message: 'targets needs mode targeted; remove it for untargeted',
	})
	.refine(({ mode, force }) => mode === 'untargeted' || force === undefined, {
		message: 'force needs mode untargeted; remove it for targeted',
	})
	.transform(({ targets, force, ...options }) =>
		options.mode === 'targeted'
			? { ...options, mode: options.mode, targets: targets ?? 9 }
			: { ...options, mode: options.mode, force: force ?? false },
	)

/** Options of FAB, all with defaults. */
export type FabOptions = z.input<typeof fabSchema>

/** Options of FAB with defaults filled in, for one mode or the other. */
export type FabSettings = z.output<typeof fabSchema>
