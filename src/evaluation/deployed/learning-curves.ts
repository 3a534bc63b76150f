/** The log of a tuning run, read back. */

import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { readRunLog } from '../../methods/tuning/run-log.js'

const share = z.number().min(0).max(1)
const epochSchema = z.object({
	/** 0-based. */
	epoch: z.int().nonnegative(),
	learningRate: z.number(),
	/** Weight of the adversarial loss. */
	alpha: z.number(),
	cleanLoss: z.number().nullable(),
	/** Null for a method without an inner attack. */
	adversarialLoss: z.number().nullable(),
	cleanAccuracy: share.nullable(),
	adversarialAccuracy: share.nullable(),
	images: z.int().nonnegative(),
})

/** What the log says of one epoch; null for what the method does not measure. */
export type EpochPoint = Readonly<z.output<typeof epochSchema>>

/**
 * Epochs of a run in order; none where the first one is under way.
 * @throws NaptuneError when the log is not what was written, or naming the line that is no record of its epoch.
 */
export async function readLearningCurves(directory: string): Promise<EpochPoint[]> {
	const { path, records } = await readRunLog(directory)
	return records.map((record, index) => {
		const parsed = epochSchema.safeParse(record)
		const problem = parsed.success
			? parsed.data.epoch === index
				? undefined
				: `it is of epoch ${parsed.data.epoch}, epoch ${index} was expected`
			: z.prettifyError(parsed.error)
		if (problem === undefined) return parsed.data!
		throw new NaptuneError(
			`Line ${index + 1} of the log ${path} is not the record of an epoch: ${problem}. The file was changed or damaged; restore it.`,
		)
	})
}
