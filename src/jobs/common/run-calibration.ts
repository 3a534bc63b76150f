/** Supplies the calibration for a run that classifies pictures. */

import type { Classifier } from '../../classifier/classifier.js'
import { NaptuneError } from '../../core/errors.js'
import type { TunedRun } from '../../evaluation/deployed/tuned-run.js'
import { type Calibration, calibrate, hasCorrections } from '../../evaluation/detection/recorded-calibration.js'
import { type JobContext, type JobTask, startTask } from '../job.js'
import { stopIfAsked } from './stopped.js'

/** The calibration of a run with refiners, computed at first use. Classification also works without one. */
export async function calibrationOf(
	run: TunedRun,
	classifier: Classifier,
	context: JobContext,
): Promise<Calibration | undefined> {
	if (!hasCorrections(classifier)) return undefined
	context.onFolder(run.directory)
	let task: JobTask | undefined
	const note = (text: string) => context.onNote({ kind: 'note', text })
	try {
		return await calibrate({
			run,
			classifier,
			onNotice: note,
			onProgress: (done, total) => {
				task ??= startTask(context, 'calibrating', total, 'images')
				task.update(done)
			},
			beforeBatch: () => stopIfAsked(context),
		})
	} catch (error) {
		if (!(error instanceof NaptuneError) || error.code === 'NAP_STOPPED') throw error
		note(`Skipping how heavily pictures were corrected: ${error.message}`)
		return undefined
	} finally {
		task?.end()
	}
}
