/** The log of a tuning run, read back. */

import { NaptuneError } from '../../core/errors.js'
import { readRunLog } from '../../methods/tuning/run-log.js'
import { parseRecord } from '../../records/record-kind.js'
import { type EpochRecord, epochForm } from '../../records/run.js'

/** What the log says of one epoch; null for what the method does not measure. */
export type EpochPoint = EpochRecord

/**
 * Epochs of a run in order; none where the first one is under way.
 * @throws NaptuneError when the log is not what was written, or naming the line that is no record of its epoch.
 */
export async function readLearningCurves(directory: string): Promise<EpochPoint[]> {
	const { path, records } = await readRunLog(directory)
	return records.map((record, index) => {
		const line = `Line ${index + 1} of the log ${path}`
		const epoch = parseRecord(epochForm, record, line)
		if (epoch.epoch === index) return epoch
		throw new NaptuneError(
			'NAP_RECORD_CHANGED',
			`${line} is out of order: it is of epoch ${epoch.epoch}, epoch ${index} was expected. ${epochForm.advice}`,
		)
	})
}
