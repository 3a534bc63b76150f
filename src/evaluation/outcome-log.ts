/** What an evaluation under way has found, kept so that it can go on where it was cut off. */

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { z } from 'zod'
import type { AttackTrial } from '../attacks/attack-outcomes.js'
import { openJsonLines, readJsonLines } from '../files/json-lines.js'
import { sameSettings } from './same-settings.js'

/** An open log. */
export interface ResumeLog<Entry> {
	/** What an earlier evaluation under the same settings had found. */
	readonly earlier: readonly Entry[]
	append(entries: readonly Entry[]): Promise<void>
	/** Idempotent. */
	close(): Promise<void>
	/** Closes and removes the log, once its content lies elsewhere. */
	discard(): Promise<void>
}

/** A log of trials. */
export type TrialLog = ResumeLog<AttackTrial>

const trialSchema = z.strictObject({ id: z.string(), round: z.string(), prediction: z.int().nonnegative() })

/** Opens a log of an attack's trials as {@link openResumeLog}. */
export function openTrialLog(path: string, settings: Readonly<Record<string, unknown>>): Promise<TrialLog> {
	return openResumeLog(path, settings, trialSchema)
}

/**
 * Opens a log, or starts it anew where the one found was written under other settings or was changed.
 * @param settings Everything that decides the entries, as JSON. @param schema Of one entry.
 * @throws NaptuneError when the file cannot be written.
 */
export async function openResumeLog<Entry>(
	path: string,
	settings: Readonly<Record<string, unknown>>,
	schema: z.ZodType<Entry>,
): Promise<ResumeLog<Entry>> {
	const own = JSON.parse(JSON.stringify(settings)) as unknown
	const [head, ...entries] = existsSync(path) ? (await readJsonLines(path)).records : []
	const earlier = z.array(schema).safeParse(entries)
	const same = sameSettings(head, own) && earlier.success
	const log = await openJsonLines(path, same ? {} : { length: 0 })
	if (!same) await log.append(own)
	let closed: Promise<void> | undefined
	const close = () => {
		closed ??= log.close()
		return closed
	}
	return {
		earlier: same ? earlier.data : [],
		append: async (more) => {
			await log.append(...more)
		},
		close,
		async discard() {
			await close()
			await rm(path, { force: true })
		},
	}
}
