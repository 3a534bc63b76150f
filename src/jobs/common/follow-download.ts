/** Reports the progress of downloads, file after file. */

import type { DownloadProgress } from '../../hub/hub-download.js'
import { type JobContext, type JobTask, startTask } from '../job.js'
import { stopIfAsked } from './stopped.js'

/** Seconds of silence before a note about it, and between two such notes. */
const silence = 5

/**
 * Reports every downloaded file as a task of its own, and notes when the hub stalls.
 * @throws NaptuneError with code NAP_STOPPED out of `onProgress` when the job was asked to stop; the next call continues the
 * download there.
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
				context.onNote({ kind: 'note', text: `Waiting for ${file}: no data for ${Math.floor(waiting)} s.` })
			}
			if (total === undefined || total < 1_000_000) return
			const done = Math.floor(received / 1_000_000)
			if (current?.file !== file) {
				current?.task.end()
				current = { file, task: startTask(context, `Fetching ${file}`, Math.ceil(total / 1_000_000), 'MB', done) }
			}
			const now = received === total ? Math.ceil(total / 1_000_000) : done
			// Chunks are much smaller than the unit on display.
			if (now !== shown) current.task.update(now)
			shown = now
		},
		end() {
			current?.task.end()
		},
	}
}
