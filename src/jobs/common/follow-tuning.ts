/** Reports the progress of a tuning run. */

import type { TuneInput } from '../../methods/tuning/tune.js'
import { type JobContext, type JobTask, startTask } from '../job.js'

/** Reports the feature bank, if the run computes one, then the training images. @param epochs Epochs of the whole run. */
export function followTuning(
	context: Pick<JobContext, 'onProgress'>,
	epochs: number,
): Required<Pick<TuneInput, 'onProgress' | 'onBank'>> & { end(): void } {
	let task: JobTask | undefined
	let bank: JobTask | undefined
	return {
		onBank(done, total) {
			bank ??= startTask(context, 'computing the feature bank', total, 'images')
			bank.update(done)
			if (done === total) bank.end()
		},
		onProgress({ epoch, imagesDone, imagesTotal }) {
			task ??= startTask(context, 'tuning', imagesTotal, 'images', imagesDone)
			task.update(imagesDone, `epoch ${epoch + 1}/${epochs}`)
		},
		end() {
			bank?.end()
			task?.end()
		},
	}
}
