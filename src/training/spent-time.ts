/**
 * Tracks the time and memory of a training over all its processes. It writes them every few seconds beside the states, so
 * that work of a killed process after its last saved state counts as well.
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
	/** Usage so far, over all processes. */
	usage(): Usage
	/** Reports the memory in use; the largest value counts. */
	sawMemory(residentBytes: number): void
	/** Stops the clock. @param keep Whether to keep the file; a finished training records its usage elsewhere. */
	stop(keep: boolean): Promise<void>
}

/**
 * Starts the clock of a process.
 * @param path File for the usage. @param of Identity of the training; usage of another one is ignored.
 * @param saved Usage in the saved state. @param every Milliseconds between writes.
 */
export async function startClock(path: string, of: string, saved: Usage, every = 2000): Promise<SpentTime> {
	const before = largest(saved, await noted(path, of))
	const started = performance.now()
	let { residentBytes } = before
	const usage = () => ({ seconds: before.seconds + (performance.now() - started) / 1000, residentBytes })
	// A lost write costs only a few seconds in a record; saving the next state reports a full disk.
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
