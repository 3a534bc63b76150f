/** A run in TensorBoard: a folder with a file of events for every time that it was started. */

import { existsSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { eventFilePart, eventFolder, lastSteps } from './event-folder.js'
import { encodeEvent, type TrackedEvent } from './events.js'
import { hparamsEnd, hparamsStart } from './hparams.js'
import { framed } from './record-framing.js'
import { settingsMarkdown } from './settings-markdown.js'
import type { TrackedRun, Tracker } from './tracker.js'

/**
 * Opens a run's folder below that of all runs, which `tensorboard --logdir` shows. A step that the folder holds is not written
 * again.
 * @param warn Called once if the disk does not take the events any more.
 * @throws NaptuneError when the folder cannot be made or what is in it not be read.
 */
export async function openTensorboard(
	folder: string,
	run: TrackedRun,
	warn: (text: string) => void,
): Promise<Tracker & { readonly folder: string }> {
	const own = await eventFolder(folder, run)
	const steps = await lastSteps(own)
	// TensorBoard reads the files of a folder in the order of their names: the time comes first.
	const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0')
	const path = unusedPath(join(own, `events.out.${eventFilePart}.${seconds}.naptune.${process.pid}`))
	let written: Promise<void> = Promise.resolve()
	let begun = false
	let broken = false
	const write = (events: readonly TrackedEvent[]) => {
		const all: TrackedEvent[] = begun ? [...events] : [{ kind: 'version' }, ...events]
		begun = true
		const now = Date.now() / 1000
		const bytes = Buffer.concat(all.map((event) => framed(encodeEvent(event, now))))
		written = written.then(async () => {
			if (broken) return
			try {
				await appendFile(path, bytes)
			} catch (error) {
				// Half a record may be there; nothing after it would be read.
				broken = true
				warn(`No more events for TensorBoard are written to ${path}: ${(error as Error).message}. The run goes on.`)
			}
		})
	}
	const fresh = (events: readonly TrackedEvent[]) => {
		const left = events.filter((event) => {
			if (event.kind === 'version') return true
			const last = steps.get(event.tag)
			if (last !== undefined && event.step <= last) return false
			steps.set(event.tag, event.step)
			return true
		})
		if (left.length > 0) write(left)
	}
	const text = (tag: string, markdown: string) => fresh([{ kind: 'text', step: 0, tag, text: markdown }])
	return {
		folder: own,
		params(settings) {
			text('settings', settingsMarkdown(settings))
			fresh([hparamsStart(settings, relative(folder, own), Date.now() / 1000)])
		},
		text,
		metrics: (step, values) =>
			fresh(Object.entries(values).map(([tag, value]) => ({ kind: 'scalar', step, tag, value }))),
		close(status) {
			// One that was cut off may go on.
			if (status === 'finished') fresh([hparamsEnd(Date.now() / 1000)])
			return written
		},
	}
}

/** Nothing after a record that was cut off would be read: no file is written to again. */
function unusedPath(stem: string): string {
	let count = 0
	while (existsSync(`${stem}.${count}`)) count++
	return `${stem}.${count}`
}
