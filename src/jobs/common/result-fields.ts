/** Fields that the results of several jobs share. */

import { z } from 'zod'
import type { Passes } from '../../classifier/pass-counter.js'
import type { Accuracy, StageResult } from '../../evaluation/robustness/evaluate.js'

/** An accuracy in [0, 1] with its 95 % Wilson interval. */
export const accuracyField = z.object({
	accuracy: z.number(),
	interval: z.tuple([z.number(), z.number()]).readonly(),
}) satisfies z.ZodType<Accuracy>

/** What the stages of an attack left, each. */
export const stagesField = z
	.array(
		z.object({
			stage: z.string(),
			/** Images that the stages before had left right, which is what it was tried on. */
			attacked: z.int().nonnegative(),
			/** After this stage, over all images. */
			robust: accuracyField,
			seconds: z.number(),
		}) satisfies z.ZodType<StageResult>,
	)
	.readonly()

/** Images passed through models, forward alone and there and back. */
export const passesField = z.object({
	evaluations: z.int().nonnegative(),
	gradients: z.int().nonnegative(),
}) satisfies z.ZodType<Passes>

/** What was attacked how; see `protocolText`. */
export const attackedFields = {
	/** Name of the data. */
	data: z.string(),
	split: z.string(),
	images: z.int().positive(),
	norm: z.enum(['linf', 'l2']),
	/** In units of pixels in [0, 1]. */
	epsilon: z.number(),
	seed: z.int().nonnegative(),
} as const
