/** Shows the progress of a job as tasks on the terminal. */

import type { JobContext } from '../jobs/job.js'
import type { Progress, ProgressTask } from './progress.js'

/** Forwards a job's progress to the terminal. */
export function progressTeller(progress: Progress): JobContext['onProgress'] {
	const tasks = new Map<string, ProgressTask>()
	return ({ task, unit, done, total, detail, state }) => {
		if (state === 'start') {
			tasks.get(task)?.end()
			tasks.set(task, progress.start(task, total, unit, done))
		} else if (state === 'end') {
			tasks.get(task)?.end()
			tasks.delete(task)
		} else {
			tasks.get(task)?.update(done, detail, total)
		}
	}
}
