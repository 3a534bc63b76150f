/** Reads the log of a tuning run. */

import { NaptuneError } from '../../core/errors.js'
import { readRunLog } from '../../methods/tuning/run-log.js'
import { parseRecord } from '../../records/record-kind.js'
import { type EpochRecord, epochForm } from '../../records/run.js'

/** What the log says about one epoch; null for values that the method does not measure. */
export type EpochPoint = EpochRecord

/**
 * Epochs of a run in order; empty during the first one.
 * @throws NaptuneError if the log was changed, or naming the line that is not a record of its epoch.
 */
export async function readLearningCurves(directory: string): Promise<EpochPoint[]> {
	const { path, records } = await readRunLog(directory)
	return records.map((record, index) => {
		const line = `Line ${index + 1} of the log ${path}`
		const epoch = parseRecord(epochForm, record, line)
		if (epoch.epoch === index) return epoch
		throw new NaptuneError(
			'NAP_RECORD_CHANGED',
			`${line} is out of order: it is epoch ${epoch.epoch} instead of ${index}. ${epochForm.advice}`,
		)
	})
}
