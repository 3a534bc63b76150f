/** What an evaluation under way has found, kept so that it can go on where it was cut off. */

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { AttackTrial } from '../../attacks/run/attack-outcomes.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { openJsonLines, readJsonLines } from '../../files/json-lines.js'
import { makeFolder } from '../../files/make-folder.js'
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

/** Of a trial of an attack in a log. */
export const trialSchema: z.ZodType<AttackTrial> = z.strictObject({
	id: z.string(),
	round: z.string(),
	prediction: z.int().nonnegative(),
})

/** The log of what ends in a record. */
export interface RecordLog<Entry> {
	/** Its name after that of the record, such as `.outcomes.jsonl`. */
	readonly suffix: string
	/** As for {@link openResumeLog}. */
	readonly settings: object
	readonly schema: z.ZodType<Entry>
}

/**
 * Writes the record that some work ends in. A log lies beside it while the work is under way, and also after it was stopped.
 * @param path Of the record; its folder is made.
 * @param work Gives the record as JSON, or undefined when it was stopped.
 * @returns What the work gives.
 * @throws NaptuneError when a file cannot be written, and whatever the work throws.
 */
export async function resumableRecord<Entry, Result extends object>(
	path: string,
	{ suffix, settings, schema }: RecordLog<Entry>,
	work: (log: Pick<ResumeLog<Entry>, 'earlier' | 'append'>) => Promise<Result | undefined>,
): Promise<Result | undefined> {
	await makeFolder(dirname(path))
	const log = await openResumeLog(`${path}${suffix}`, { ...settings }, schema)
	try {
		const record = await work(log)
		if (!record) return undefined
		await writeFileAtomic(path, `${JSON.stringify(record, null, '\t')}\n`)
		await log.discard()
		return record
	} finally {
		await log.close()
	}
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
