/** Work that ends in a record: read where it is done, gone on with where it was cut off, never mixed with other work. */

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { isRecord } from '../core/guards.js'
import type { Immutable } from '../core/immutable.js'
import { openJsonLines, readJsonLines } from '../files/json-lines.js'
import { makeFolder } from '../files/make-folder.js'
import { type RecordKind, readRecord, writeRecord } from './record-kind.js'
import { differences, recordDifferences } from './settings.js'

/** The lines that some work leaves before it ends in a record. */
export interface WorkLog<Line extends z.ZodType> {
	/** What an earlier call under the same settings had left. */
	readonly earlier: readonly z.output<Line>[]
	/** Waits until the lines are on the disk. @throws NaptuneError when they cannot be written. */
	append(lines: readonly Immutable<z.output<Line>>[]): Promise<void>
	/** Wall-clock seconds of the work up to now, over all processes: of those that were cut off, up to their last lines. */
	seconds(): number
}

/** Work on one record. */
export interface ResumableWork<
	Settings extends z.ZodObject,
	Schema extends z.ZodObject,
	Line extends z.ZodType,
	Result extends Immutable<z.output<Schema>> | undefined,
> {
	/** Of the record; its folder is made. */
	readonly path: string
	/** The first entries of the record. */
	readonly settings: Immutable<z.output<Settings>>
	/** What lies beside the record while the work is under way, also after it was stopped; missing for work that begins anew. */
	readonly log?: {
		/** Name after that of the record, such as `.outcomes.jsonl`. */
		readonly suffix: string
		readonly line: Line
	}
	/** Reads a record that is there; undefined for one that is to be made again. By default by its schema alone. */
	readonly read?: (path: string) => Promise<Immutable<z.output<Schema>> | undefined>
	/** Whether a record of the same settings is the result. Default true; otherwise the work is done again. */
	readonly reuse?: boolean
	/** Whether a record of other settings is replaced, being a mere cache. Default false. */
	readonly replace?: boolean
	/** Gives the record, or undefined when it was stopped. */
	readonly work: (log: WorkLog<Line>) => Promise<Result>
}

/**
 * The record of some work: the one that lies there under the same settings, or that of the work, which goes on from the lines
 * that an earlier call left.
 * @returns Undefined when the work was stopped.
 * @throws NaptuneError when record or lines are there under other settings, naming what differs, or a file cannot be written;
 * and whatever the work throws. Nothing that was there is lost then.
 */
export async function resumable<
	Settings extends z.ZodObject,
	Schema extends z.ZodObject,
	Result extends Immutable<z.output<Schema>> | undefined,
	Line extends z.ZodType = z.ZodNever,
>(
	kind: RecordKind<Settings, Schema>,
	task: ResumableWork<Settings, Schema, Line, Result>,
): Promise<z.output<Schema> | Immutable<z.output<Schema>> | Result> {
	const { path, settings, log, work } = task
	const logPath = log && `${path}${log.suffix}`
	const found = existsSync(path) ? await foundRecord(kind, task) : undefined
	if (found && task.reuse !== false) {
		// A process that was killed between the record and this has left it.
		if (logPath !== undefined) await rm(logPath, { force: true }).catch(() => {})
		return found
	}
	const earlier = logPath && existsSync(logPath) ? await earlierLines(kind, logPath, log.line, settings) : undefined
	if (log) await makeFolder(dirname(path))
	const lines = logPath === undefined ? undefined : await openJsonLines(logPath, earlier ? {} : { length: 0 })
	const started = performance.now()
	const seconds = () => (earlier?.seconds ?? 0) + (performance.now() - started) / 1000
	let record: Result
	try {
		if (!earlier) await lines?.append(settings)
		record = await work({
			earlier: earlier?.lines ?? [],
			append: async (more) => {
				const line = more.at(-1)
				if (line !== undefined) await lines?.append(...more.slice(0, -1), { seconds: seconds(), line })
			},
			seconds,
		})
		if (record) {
			await makeFolder(dirname(path))
			await writeRecord(kind, path, record)
		}
	} finally {
		await lines?.close()
	}
	// What the lines say is in the record now.
	if (record && logPath !== undefined) await rm(logPath, { force: true })
	return record
}

/** The record that is there, if it is of the same settings. @throws NaptuneError where it is not and may not be replaced. */
async function foundRecord<Settings extends z.ZodObject, Schema extends z.ZodObject, Line extends z.ZodType>(
	kind: RecordKind<Settings, Schema>,
	{
		path,
		settings,
		read,
		replace,
	}: Pick<ResumableWork<Settings, Schema, Line, undefined>, 'path' | 'settings' | 'read' | 'replace'>,
): Promise<z.output<Schema> | Immutable<z.output<Schema>> | undefined> {
	const found = read ? await read(path) : await readRecord(kind, path)
	if (!found) return undefined
	const changed = recordDifferences(kind, found, settings)
	if (changed.length === 0) return found
	if (replace) return undefined
	throw new NaptuneError(
		'NAP_RUN_DIFFERS',
		`${path} is ${kind.title} of other settings; it differs in ${changed.join(', ')}. Use the same settings, or move it away to make another one.`,
	)
}

/** The last line of those that were written at once, with the seconds that the work had taken; older logs have none. */
const timedSchema = z.strictObject({ seconds: z.number().nonnegative(), line: z.unknown() })

/** Undefined for lines that were tampered with, from which nothing can go on. @throws NaptuneError for those of other settings. */
async function earlierLines<Settings extends z.ZodObject, Schema extends z.ZodObject, Line extends z.ZodType>(
	kind: RecordKind<Settings, Schema>,
	path: string,
	line: Line,
	settings: Immutable<z.output<Settings>>,
): Promise<{ readonly lines: z.output<Line>[]; readonly seconds: number } | undefined> {
	const [head, ...rest] = (await readJsonLines(path)).records
	if (!isRecord(head)) return undefined
	const changed = differences(kind.settings, head, settings)
	if (changed.length > 0) {
		throw new NaptuneError(
			'NAP_RUN_DIFFERS',
			`${path} is the beginning of ${kind.title} of other settings; it differs in ${changed.join(', ')}. Finish it with the same settings, or remove it to begin anew.`,
		)
	}
	const timed = rest.flatMap((one) => timedSchema.safeParse(one).data ?? [])
	const lines = z.array(line).safeParse(rest.map((one) => timedSchema.safeParse(one).data?.line ?? one))
	return lines.success ? { lines: lines.data, seconds: timed.at(-1)?.seconds ?? 0 } : undefined
}
