/** Tracks a run in TensorBoard: a folder with one event file per start of the run. */

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
 * Opens a run's folder inside the folder of all runs, which `tensorboard --logdir` shows. Steps that the folder already
 * holds are not written again.
 * @param warn Called once if events can no longer be written.
 * @throws NaptuneError when the folder cannot be created or its content cannot be read.
 */
export async function openTensorboard(
	folder: string,
	run: TrackedRun,
	warn: (text: string) => void,
): Promise<Tracker & { readonly folder: string }> {
	const own = await eventFolder(folder, run)
	const steps = await lastSteps(own)
	// TensorBoard reads the files of a folder in name order, so the time comes first.
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
				// The file may end in half a record, after which nothing would be read.
				broken = true
				warn(`TensorBoard gets no further events in ${path}: ${(error as Error).message}. The run continues.`)
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
			// A stopped run may resume.
			if (status === 'finished') fresh([hparamsEnd(Date.now() / 1000)])
			return written
		},
	}
}

/** An unused path, because readers stop at a truncated record, so no file is ever appended to. */
function unusedPath(stem: string): string {
	let count = 0
	while (existsSync(`${stem}.${count}`)) count++
	return `${stem}.${count}`
}
