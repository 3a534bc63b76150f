/** Progress of downloads, file after file. */

import type { DownloadProgress } from '../../hub/hub-download.js'
import { type JobContext, type JobTask, startTask } from '../job.js'
import { stopIfAsked } from './stopped.js'

/** Seconds of silence before it is told, and between two times that it is. */
const silence = 5

/**
 * Tells of every file that is downloaded as a task of its own, and of a hub that lets wait; nothing where neither is.
 * @throws NaptuneError with code NAP_STOPPED out of `onProgress` when the job was asked to stop; a download goes on there the
 * next time.
 */
export function followDownload(context: Pick<JobContext, 'onNote' | 'onProgress' | 'signal'>): {
	readonly onProgress: (now: DownloadProgress) => void
	readonly end: () => void
} {
	let current: { readonly file: string; readonly task: JobTask } | undefined
	let shown = -1
	let toldWaiting = 0
	return {
		onProgress({ file, received, total, waiting = 0 }) {
			stopIfAsked(context)
			if (waiting < toldWaiting) toldWaiting = 0
			if (waiting >= toldWaiting + silence) {
				toldWaiting = waiting
				context.onNote({ kind: 'note', text: `Waiting for ${file}: nothing came for ${Math.floor(waiting)} s.` })
			}
			if (total === undefined || total < 1_000_000) return
			const done = Math.floor(received / 1_000_000)
			if (current?.file !== file) {
				current?.task.end()
				current = { file, task: startTask(context, `Fetching ${file}`, Math.ceil(total / 1_000_000), 'MB', done) }
			}
			const now = received === total ? Math.ceil(total / 1_000_000) : done
			// Chunks are much smaller than what is shown.
			if (now !== shown) current.task.update(now)
			shown = now
		},
		end() {
			current?.task.end()
		},
	}
}
