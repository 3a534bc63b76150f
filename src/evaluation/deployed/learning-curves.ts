/** The log of a tuning run, read back. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { readJsonLines } from '../../files/json-lines.js'
import { runFiles } from '../../methods/tuning/run-directory.js'

const share = z.number().min(0).max(1)
/** What the log says of one epoch; null for what the method does not measure. */
export const epochPointSchema = z.object({
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

/** See {@link epochPointSchema}. */
export type EpochPoint = Readonly<z.output<typeof epochPointSchema>>

/**
 * Epochs of a run in order; none where the first one is under way.
 * @throws NaptuneError naming the line that is no record of its epoch.
 */
export async function readLearningCurves(directory: string): Promise<EpochPoint[]> {
	const path = join(directory, runFiles.log)
	if (!existsSync(path)) return []
	const { records } = await readJsonLines(path)
	return records.map((record, index) => {
		const parsed = epochPointSchema.safeParse(record)
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
