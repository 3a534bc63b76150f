/**
 * Defines jobs: each is one task of the user as one typed function. The command line is a thin layer over them, and the
 * `naptune` library exports them.
 *
 * A job is `job(input, context)`:
 * - `input` is one flat object of plain values, described by a zod schema with a doc comment per field. It names things the
 * way users do (a folder, an id of the hub, the name of an attack), and has the defaults of the command line.
 * - `context` supplies what the job works with: an engine and an image loader, which start at first use; a signal to stop;
 * callbacks. Every part is optional.
 * - The result is plain JSON, described by a zod schema beside the input's. `--json` prints it, the library returns it, and
 * `schemas/jobs/NAME.schema.json` describes it in the words of `describe`. It names the files that the job wrote by their
 * paths.
 *
 * A job throws a NaptuneError when it cannot do its task, with code `NAP_STOPPED` when its signal stopped it. It stops after
 * the step under way, or within a second if there is none (for example while it loads or compiles a model). A failing check
 * (an audit, a damaged data set) is a result, not an error.
 *
 * Each job has its own file: schemas first, then `export const NAME = defineJob({…})`, whose `run` does the work with the
 * rooms above. A job prints nothing; `cli/text/` turns its result into text.
 */

import type { z } from 'zod'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Immutable } from '../core/immutable.js'
import { createImageLoader, type ImageLoader } from '../data/loading/image-loader.js'
import { explainIssues } from '../files/explain-issues.js'
import { createEngine, type EngineOptions, type ModelEngine } from '../runtime/index.js'
import { untilStopped } from './common/until-stopped.js'

/** Progress of one task of a job. A job shows at most one task at a time; the latest counts. */
export interface JobProgress {
	/** Name of the task, such as `tuning`. */
	readonly task: string
	/** Unit of the counts, in the plural, such as `images`. */
	readonly unit: string
	readonly done: number
	/** May become known, or change, during the task. */
	readonly total: number
	/** A few words about the current state. */
	readonly detail?: string
	/** `start` comes once, with the units done before; `end` comes once, whether or not the task completed. */
	readonly state: 'start' | 'update' | 'end'
}

/** A sentence for a person. */
export interface JobNote {
	/**
	 * `note`: what to know before trusting the numbers, such as a split drawn here. `warning`: evidence against them. `plan`:
	 * what the job is about to do, and under which protocol.
	 */
	readonly kind: 'note' | 'warning' | 'plan'
	readonly text: string
}

/** What a job works with and reports to. @typeParam Event The job's own events, besides progress and notes. */
export interface JobContext<Event = never> {
	/**
	 * The engine; started at the first call, as it asks. Who gives it closes it.
	 * @param options.spinning See `createEngine`.
	 */
	engine(options?: Pick<EngineOptions, 'spinning'>): Promise<ModelEngine>
	/** The loader of images. Who gives it closes it. */
	imageLoader(): ImageLoader
	/** Abort it to make the job finish its step, save its state and stop. */
	readonly signal: AbortSignal
	onProgress(progress: JobProgress): void
	onNote(note: JobNote): void
	onEvent(event: Event): void
	/** Called with each folder before the job writes to it. */
	onFolder(folder: string): void
}

/** The parts of a job. */
export interface JobDefinition<Input extends z.ZodType, Result extends z.ZodType, Event> {
	/** Name as in the command: `tune`, `data-doctor`. */
	readonly name: string
	/** What the job does, in one sentence. */
	readonly doc: string
	readonly input: Input
	readonly result: Result
	run(input: z.output<Input>, context: JobContext<Event>): Promise<Immutable<z.output<Result>>>
}

/** A job: a function that carries its schemas. */
export interface Job<Input extends z.ZodType, Result extends z.ZodType, Event = never>
	extends Readonly<Omit<JobDefinition<Input, Result, Event>, 'name' | 'run'>> {
	/**
	 * @param context Missing parts (an engine on the processor, a loader) are created for this call and closed after it.
	 * @throws NaptuneError when the input is wrong, the task is impossible, or the signal stopped the job.
	 */
	(input: z.input<Input>, context?: Partial<JobContext<Event>>): Promise<Immutable<z.output<Result>>>
	/** See {@link JobDefinition.name}; functions have a `name` already. */
	readonly jobName: string
}

/** The input type of a job. */
export type JobInput<J> = J extends Job<infer Input, z.ZodType, never> ? z.input<Input> : never
/** The result type of a job. */
export type JobResult<J extends { readonly result: z.ZodType }> = Immutable<z.output<J['result']>>

/** Creates a job from its parts. */
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
		`The input of ${name} is invalid:\n${explainIssues(parsed.error, schema, input)}`,
	)
}

/** Completes a context, and returns a function that closes the parts created here. */
function completeContext<Event>(given: Partial<JobContext<Event>>): {
	readonly complete: JobContext<Event>
	/** Whether a task that has made a step is under way. */
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

/** A task under way. */
export interface JobTask {
	/** @param detail Unchanged if omitted. @param total Unchanged if omitted. */
	update(done: number, detail?: string, total?: number): void
	/** May be called twice. */
	end(): void
}

/** Starts a task and reports its progress. @param done Units done before. */
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
