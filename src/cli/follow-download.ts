/** Progress of downloads, file after file. */

import type { DownloadProgress } from '../hub/hub-download.js'
import type { ProgressTask } from './progress.js'
import type { Session } from './session.js'

/** Seconds of silence before it is told, and between two times that it is. */
const silence = 5

/**
 * Shows a bar for every file that is downloaded, and a line where the hub lets wait; nothing where neither is.
 * @throws Interruption out of `onProgress` when the command was asked to stop; a download goes on there the next time.
 */
export function followDownload({ progress, stopIfAsked }: Pick<Session, 'progress' | 'stopIfAsked'>): {
	readonly onProgress: (now: DownloadProgress) => void
	readonly end: () => void
} {
	let task: { readonly file: string; readonly bar: ProgressTask } | undefined
	let shown = -1
	let toldWaiting = 0
	return {
		onProgress({ file, received, total, waiting = 0 }) {
			stopIfAsked()
			if (waiting < toldWaiting) toldWaiting = 0
			if (waiting >= toldWaiting + silence) {
				toldWaiting = waiting
				progress.line(`Waiting for ${file}: nothing came for ${Math.floor(waiting)} s`)
			}
			if (total === undefined || total < 1_000_000) return
			const done = Math.floor(received / 1_000_000)
			if (task?.file !== file) {
				task?.bar.end()
				task = { file, bar: progress.start(`Fetching ${file}`, Math.ceil(total / 1_000_000), 'MB', done) }
			}
			const now = received === total ? Math.ceil(total / 1_000_000) : done
			// Chunks are much smaller than what is shown.
			if (now !== shown) task.bar.update(now)
			shown = now
		},
		end() {
			task?.bar.end()
		},
	}
}
