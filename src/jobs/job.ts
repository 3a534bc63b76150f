/**
 * Jobs: what a person asks for, as one typed function each. The command line is a thin skin on them, and `naptune` as a
 * library exports them.
 *
 * A job is `job(input, context)`:
 * - `input` is one flat object of plain values, described by a zod schema with a doc comment per field. It names things as a
 *   person does (a folder, an id of the hub, the name of an attack), and has the defaults of the command line.
 * - `context` is what the job works with and whom it tells: an engine and a loader of images, which are started when they
 *   are first needed; a signal to stop; callbacks. All of it may be left out.
 * - The result is plain JSON, described by a zod schema beside the input's: it is what `--json` prints, what the library
 *   returns and what `schemas/jobs/NAME.schema.json` describes, with the words of its `describe`. Files that the job wrote are named in it by their paths.
 *
 * A job throws a NaptuneError when what was asked for cannot be done, with code `NAP_STOPPED` when its signal stopped it: after
 * the step under way, or within a second where none is (while a model is loaded or compiled, say). A check that fails (an
 * audit, a damaged data set) is no error but a result that says so.
 *
 * Each job is a file of its own: schemas first, then `export const NAME = defineJob({…})`, whose `run` does the work with the
 * rooms above. It prints nothing: what a person reads of its result is written by `cli/text/`.
 */

import type { z } from 'zod'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Immutable } from '../core/immutable.js'
import { createImageLoader, type ImageLoader } from '../data/loading/image-loader.js'
import { explainIssues } from '../files/explain-issues.js'
import { createEngine, type EngineOptions, type ModelEngine } from '../runtime/index.js'
import { untilStopped } from './common/until-stopped.js'

/** Where one task of a job stands. A job has at most one task at a time that is worth showing; the latest counts. */
export interface JobProgress {
	/** What is done, such as `tuning`. */
	readonly task: string
	/** What is counted, in the plural, such as `images`. */
	readonly unit: string
	readonly done: number
	/** May become known, or change, as the task goes. */
	readonly total: number
	/** A few words about where it stands. */
	readonly detail?: string
	/** `start` comes once, with what was done before; `end` once, whether or not all was done. */
	readonly state: 'start' | 'update' | 'end'
}

/** A sentence for a person. */
export interface JobNote {
	/**
	 * `note`: what must be known before numbers are believed, such as a split that was drawn here. `warning`: what speaks
	 * against them. `plan`: what the job is about to do, under which protocol.
	 */
	readonly kind: 'note' | 'warning' | 'plan'
	readonly text: string
}

/** What a job works with and whom it tells. @typeParam Event What it tells beside progress and notes; see its own file. */
export interface JobContext<Event = never> {
	/**
	 * The engine; started at the first call, as it asks. Who gives it closes it.
	 * @param options.spinning See `createEngine`.
	 */
	engine(options?: Pick<EngineOptions, 'spinning'>): Promise<ModelEngine>
	/** The loader of images. Who gives it closes it. */
	imageLoader(): ImageLoader
	/** Aborted when the job should finish its step, save what it has and stop. */
	readonly signal: AbortSignal
	onProgress(progress: JobProgress): void
	onNote(note: JobNote): void
	onEvent(event: Event): void
	/** Called with the folders that the job will write to, before it does. */
	onFolder(folder: string): void
}

/** What a job is made of. */
export interface JobDefinition<Input extends z.ZodType, Result extends z.ZodType, Event> {
	/** As in the command: `tune`, `data-doctor`. */
	readonly name: string
	/** What it does, in one sentence. */
	readonly doc: string
	readonly input: Input
	readonly result: Result
	run(input: z.output<Input>, context: JobContext<Event>): Promise<Immutable<z.output<Result>>>
}

/** A job: a function, with its schemas beside it. */
export interface Job<Input extends z.ZodType, Result extends z.ZodType, Event = never>
	extends Readonly<Omit<JobDefinition<Input, Result, Event>, 'name' | 'run'>> {
	/**
	 * @param context What is left out is made for this call (an engine on the processor, a loader) and closed after it.
	 * @throws NaptuneError when the input is wrong, what was asked for cannot be done, or the signal stopped it.
	 */
	(input: z.input<Input>, context?: Partial<JobContext<Event>>): Promise<Immutable<z.output<Result>>>
	/** See {@link JobDefinition.name}; functions have a `name` already. */
	readonly jobName: string
}

/** What a caller may give a job. */
export type JobInput<J> = J extends Job<infer Input, z.ZodType, never> ? z.input<Input> : never
/** What a job gives. */
export type JobResult<J extends { readonly result: z.ZodType }> = Immutable<z.output<J['result']>>

/** Makes a job of its parts. */
export function defineJob<Input extends z.ZodType, Result extends z.ZodType, Event = never>({
	name,
	doc,
	input: inputSchema,
	result,
	run,
}: JobDefinition<Input, Result, Event>): Job<Input, Result, Event> {
	const job = async (input: z.input<Input>, context: Partial<JobContext<Event>> = {}) => {
		const checked = checkedInput(name, inputSchema, input)
		const { complete, stepping, close } = completeContext(context)
		try {
			return await untilStopped(() => run(checked, complete), complete.signal, stepping)
		} finally {
			await close()
		}
	}
	return Object.assign(job, { jobName: name, doc, input: inputSchema, result })
}

function checkedInput<Input extends z.ZodType>(name: string, schema: Input, input: unknown): z.output<Input> {
	const parsed = schema.safeParse(input)
	if (parsed.success) return parsed.data
	const unknown = parsed.error.issues.some(({ code }) => code === 'unrecognized_keys')
	throw new NaptuneError(
		unknown ? 'NAP_OPTION_UNKNOWN' : 'NAP_OPTION_INVALID',
		`The input of ${name} is not usable:\n${explainIssues(parsed.error, schema, input)}`,
	)
}

/** A context with everything, and what closes those of its parts that were made here. */
function completeContext<Event>(given: Partial<JobContext<Event>>): {
	readonly complete: JobContext<Event>
	/** Whether a task is under way that has made a step. */
	stepping(): boolean
	close(): Promise<void>
} {
	let engine: Promise<ModelEngine> | undefined
	let loader: ImageLoader | undefined
	const under = new Set<string>()
	return {
		stepping: () => under.size > 0,
		complete: {
			engine(options) {
				engine ??= createEngine(options)
				return engine
			},
			imageLoader() {
				loader ??= createImageLoader()
				return loader
			},
			signal: new AbortController().signal,
			onNote() {},
			onEvent() {},
			onFolder() {},
			...given,
			onProgress(progress) {
				if (progress.state === 'update') under.add(progress.task)
				else under.delete(progress.task)
				given.onProgress?.(progress)
			},
		},
		async close() {
			await loader?.close()
			await engine?.then(
				(started) => started.close(),
				() => {},
			)
		},
	}
}

/** One task that is under way. */
export interface JobTask {
	/** @param detail As before where it is left out. @param total As before where it is left out. */
	update(done: number, detail?: string, total?: number): void
	/** May be called twice. */
	end(): void
}

/** Begins a task and tells its progress. @param done Units that were done before. */
export function startTask(
	{ onProgress }: Pick<JobContext, 'onProgress'>,
	task: string,
	size: number,
	unit: string,
	before = 0,
): JobTask {
	let done = before
	let total = size
	let detail = ''
	let ended = false
	const tell = (state: JobProgress['state']) =>
		onProgress({ task, unit, done, total, state, ...defined({ detail: detail || undefined }) })
	tell('start')
	return {
		update(value, words = detail, newTotal = total) {
			if (ended) return
			done = value
			detail = words
			total = newTotal
			tell('update')
		},
		end() {
			if (ended) return
			ended = true
			tell('end')
		},
	}
}
