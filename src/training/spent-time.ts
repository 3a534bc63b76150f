/**
 * Time and memory that a training takes over all its processes, noted every few seconds beside its states, so that what a
 * killed process did after its last saved state counts as well.
 */

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { z } from 'zod'
import { writeFileAtomic } from '../files/atomic-write.js'
import { readJsonFile } from '../files/json-file.js'
import type { Usage } from './state.js'

const noteSchema = z.object({ of: z.string(), seconds: z.number().nonnegative(), residentBytes: z.number() })

/** A running clock. */
export interface SpentTime {
	/** Up to now, over all processes. */
	usage(): Usage
	/** Tells how much memory is held; the largest counts. */
	sawMemory(residentBytes: number): void
	/** Stops. @param keep Whether the note stays: a finished training has its usage elsewhere. */
	stop(keep: boolean): Promise<void>
}

/**
 * Starts the clock of a process.
 * @param path Of the note. @param of Which training it is: notes of another are not added.
 * @param saved What the saved state says. @param every Milliseconds between notes.
 */
export async function startClock(path: string, of: string, saved: Usage, every = 2000): Promise<SpentTime> {
	const before = largest(saved, await noted(path, of))
	const started = performance.now()
	let { residentBytes } = before
	const usage = () => ({ seconds: before.seconds + (performance.now() - started) / 1000, residentBytes })
	// A note that is lost or cannot be written costs a few seconds in a record; a full disk is told of by the next state.
	const write = () => writeFileAtomic(path, `${JSON.stringify({ of, ...usage() })}\n`, 'nothing').catch(() => {})
	let writing = write()
	let busy = false
	const timer = setInterval(() => {
		if (busy) return
		busy = true
		writing = write().finally(() => {
			busy = false
		})
	}, every)
	timer.unref()
	return {
		usage,
		sawMemory(bytes) {
			residentBytes = Math.max(residentBytes, bytes)
		},
		async stop(keep) {
			clearInterval(timer)
			await writing
			if (keep) await write()
			else await rm(path, { force: true })
		},
	}
}

async function noted(path: string, of: string): Promise<Usage> {
	const nothing = { seconds: 0, residentBytes: 0 }
	if (!existsSync(path)) return nothing
	const note = noteSchema.safeParse(await readJsonFile(path).catch(() => undefined))
	return note.success && note.data.of === of ? note.data : nothing
}

function largest(a: Usage, b: Usage): Usage {
	return { seconds: Math.max(a.seconds, b.seconds), residentBytes: Math.max(a.residentBytes, b.residentBytes) }
}
