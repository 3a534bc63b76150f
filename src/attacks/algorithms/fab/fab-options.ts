/** Options of FAB. */

import { z } from 'zod'

export const fabSchema = z
	.strictObject({
		/**
		 * `targeted`: one round per target class, the likeliest others of the clean image, each with one gradient a step.
		 * `untargeted`: the boundary of every class is looked at in every step, which takes a gradient for each.
		 */
		mode: z.enum(['targeted', 'untargeted']).default('targeted'),
		/** Target classes, when targeted; with fewer classes, all others. */
		targets: z.int().positive().optional(),
		/** Steps of a run. */
		steps: z.int().positive().default(100),
		/** Runs, per target when targeted; all but the first start at a random point. */
		restarts: z.int().positive().default(1),
		/** Largest weight of the projection of the clean image in the next iterate. */
		alphaMax: z.number().min(0).max(1).default(0.1),
		/** How far a step goes over the boundary, as a multiple of the way to it. */
		eta: z.number().positive().default(1.05),
		/** What remains of the change after a misclassified iterate was drawn back to the clean image. */
		beta: z.number().min(0).max(1).default(0.9),
		/** Whether to run untargeted with so many classes that it is refused otherwise. */
		force: z.boolean().optional(),
	})
	.refine(({ mode, targets }) => mode === 'targeted' || targets === undefined, {
		message: 'targets are of mode targeted; leave them out when untargeted',
	})
	.refine(({ mode, force }) => mode === 'untargeted' || force === undefined, {
		message: 'force is of mode untargeted; leave it out when targeted',
	})
	.transform(({ targets, force, ...options }) =>
		options.mode === 'targeted'
			? { ...options, mode: options.mode, targets: targets ?? 9 }
			: { ...options, mode: options.mode, force: force ?? false },
	)

/** Options of FAB, all with defaults. */
export type FabOptions = z.input<typeof fabSchema>

/** Options of FAB with defaults filled in: of one mode or the other. */
export type FabSettings = z.output<typeof fabSchema>
