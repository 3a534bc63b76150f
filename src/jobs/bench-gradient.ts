/** Measures how close the gradients of a CLIP come to the speed of the machine's matrix product. */

import { z } from 'zod'
import { gradientBenchSchema, benchGradient as measure } from '../bench/bench-gradient.js'
import { countField } from './common/fields.js'
import { stopIfAsked } from './common/stopped.js'
import { defineJob, type JobTask, startTask } from './job.js'

/** The input of {@link benchGradient}. */
export const benchGradientInput = z.strictObject({
	/** Images per run. */
	batch: z.array(countField).min(1).readonly().default([16]),
	/** Number of measurements; the best one counts. */
	rounds: countField.default(4),
	/** Whether to pre-pack weights, which is faster but takes more memory. */
	prepack: z.boolean().default(true),
})

/**
 * Measures logits and pixel gradient of a ViT-B/32 and a ViT-B/16 (random weights) against one large matrix product on the
 * same threads.
 */
export const benchGradient = defineJob({
	name: 'bench-gradient',
	doc: 'Measure logits and pixel gradient of a ViT-B/32 and a ViT-B/16 (random weights) against one large matrix product on the same threads.',
	input: benchGradientInput,
	result: gradientBenchSchema,
	async run({ batch, rounds, prepack }, context) {
		let task: JobTask | undefined
		return measure(await context.engine(), {
			batches: batch,
			rounds,
			prepack,
			onProgress(done, total, next) {
				stopIfAsked(context)
				task ??= startTask(context, 'measuring', total, 'parts')
				task.update(done, next)
			},
		}).finally(() => task?.end())
	},
})
