/** Work that ends in a record: reuses finished records, resumes interrupted work, and never mixes different work. */

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { isRecord } from '../core/guards.js'
import type { Immutable } from '../core/immutable.js'
import { openJsonLines, readJsonLines } from '../files/json-lines.js'
import { makeFolder } from '../files/make-folder.js'
import { type RecordKind, readRecord, writeRecord } from './record-kind.js'
import { differences, recordDifferences } from './settings.js'

/** The log lines that work writes before its record. */
export interface WorkLog<Line extends z.ZodType> {
	/** Lines from an earlier call with the same settings. */
	readonly earlier: readonly z.output<Line>[]
	/** Waits until the lines are on the disk. @throws NaptuneError when they cannot be written. */
	append(lines: readonly Immutable<z.output<Line>>[]): Promise<void>
	/** Wall-clock seconds of the work so far, over all processes; killed ones count up to their last lines. */
	seconds(): number
}

/** Work on one record. */
export interface ResumableWork<
	Settings extends z.ZodObject,
	Schema extends z.ZodObject,
	Line extends z.ZodType,
	Result extends Immutable<z.output<Schema>> | undefined,
> {
	/** Path of the record; its folder is created. */
	readonly path: string
	/** The first entries of the record. */
	readonly settings: Immutable<z.output<Settings>>
	/** The log beside the record while work is under way or stopped; missing for work that cannot resume. */
	readonly log?: {
		/** Suffix to the name of the record, such as `.outcomes.jsonl`. */
		readonly suffix: string
		readonly line: Line
	}
	/** Reads an existing record; undefined asks for a new one. By default checks only the schema. */
	readonly read?: (path: string) => Promise<Immutable<z.output<Schema>> | undefined>
	/** Whether to reuse a record with the same settings. Default true; otherwise repeats the work. */
	readonly reuse?: boolean
	/** Whether to replace a record with other settings, as in a cache. Default false. */
	readonly replace?: boolean
	/** Returns the record, or undefined when stopped. */
	readonly work: (log: WorkLog<Line>) => Promise<Result>
}

/**
 * Returns an existing record with the same settings, or does the work, which continues from the log lines of an earlier
 * call.
 * @returns Undefined when the work was stopped.
 * @throws NaptuneError when a record or log exists with other settings, naming the differences, or a file cannot be written;
 * and whatever the work throws. Existing files stay intact.
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
		// A process killed just after it wrote the record leaves its log.
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
	// The record now holds the content of the lines.
	if (record && logPath !== undefined) await rm(logPath, { force: true })
	return record
}

/** The existing record, if it has the same settings. @throws NaptuneError if it has others and must not be replaced. */
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
		`${path} is ${kind.title} with other settings; it differs in ${changed.join(', ')}. Use the same settings, or move the file away to start a new one.`,
	)
}

/** The last line of one write, with the seconds of work so far; older logs lack it. */
const timedSchema = z.strictObject({ seconds: z.number().nonnegative(), line: z.unknown() })

/**
 * Reads the earlier lines; undefined if they were tampered with and cannot be resumed.
 * @throws NaptuneError for other settings.
 */
async function earlierLines<Settings extends z.ZodObject, Schema extends z.ZodObject, Line extends z.ZodType>(
	kind: RecordKind<Settings, Schema>,
	path: string,
	line: Line,
	settings: Immutable<z.output<Settings>>,
): Promise<{ readonly lines: readonly z.output<Line>[]; readonly seconds: number } | undefined> {
	const log = await readWorkLog(path, line)
	if (!log) return undefined
	const changed = differences(kind.settings, log.settings, settings)
	if (changed.length > 0) {
		throw new NaptuneError(
			'NAP_RUN_DIFFERS',
			`${path} is the log of ${kind.title} with other settings; it differs in ${changed.join(', ')}. Finish that work with the same settings, or remove the file to start over.`,
		)
	}
	const { lines, seconds } = log
	return lines && { lines, seconds }
}

/** What the log of some work holds. */
export interface EarlierWork<Line> {
	/** The first entries of the record that it is to become. */
	readonly settings: Readonly<Record<string, unknown>>
	readonly lines: readonly Line[]
	/** Wall-clock seconds that the work had taken by the last of them. */
	readonly seconds: number
}

/**
 * Reads the log of work that has not ended.
 * @returns Undefined for a file that is no such log; without lines if they were tampered with.
 * @throws NaptuneError if a line is not JSON.
 */
export async function readWorkLog<Line extends z.ZodType>(
	path: string,
	line: Line,
): Promise<(Omit<EarlierWork<unknown>, 'lines'> & { readonly lines?: readonly z.output<Line>[] }) | undefined> {
	const [settings, ...rest] = (await readJsonLines(path)).records
	if (!isRecord(settings)) return undefined
	const timed = rest.flatMap((one) => timedSchema.safeParse(one).data ?? [])
	const lines = z.array(line).safeParse(rest.map((one) => timedSchema.safeParse(one).data?.line ?? one))
	return { settings, seconds: timed.at(-1)?.seconds ?? 0, ...defined({ lines: lines.data }) }
}

/** The lines of a log as {@link readWorkLog} reads them, its settings first. */
export function workLogLines({ settings, lines, seconds }: EarlierWork<unknown>): unknown[] {
	const last = lines.at(-1)
	return [settings, ...lines.slice(0, -1), ...(last === undefined ? [] : [{ seconds, line: last }])]
}
