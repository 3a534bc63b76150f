/** A job as a command: its progress and notes on stderr, its result on stdout. */

import type { JobContext } from '../jobs/job.js'
import { coloured } from './colour.js'
import { exitCodes, FailedCheck } from './exit-codes.js'
import type { SharedOptions } from './options/shared-options.js'
import type { Progress } from './progress.js'
import { withSession } from './session.js'

/** How a command runs its job. */
export interface JobCommand<Input, Result, Event> {
	readonly input: Input
	/** The result for people; with --json it is printed as it is. */
	text(result: Result): string
	/** What is shown of the job's own events. */
	onEvent?(progress: Progress): JobContext<Event>['onEvent']
	/**
	 * Whether the result says that a check failed, which ends the command with an exit code of its own; or the sentences that
	 * say so, which are told on stderr.
	 */
	failed?(result: Result): boolean | readonly string[]
	/** Whether the result is that nothing was decided, which ends the command as what could not be done. */
	undecided?(result: Result): boolean
	/** Whether the job's own events say that it stops, in the form of its log. Default false. */
	readonly tellsStop?: boolean
}

/** A job as this file sees it. */
interface RunnableJob<Input, Result, Event> {
	(input: Input, context: JobContext<Event>): Promise<Result>
	readonly jobName: string
}

/** Options that are no part of a job's input: they say how it is run and told. */
type OptionsOfRunning = SharedOptions & { readonly loaderThreads?: number }

/** Runs a job as the options say. @throws FailedCheck as `failed` says; what the job throws. */
export async function runJob<Input, Result, Event>(
	job: RunnableJob<Input, Result, Event>,
	options: OptionsOfRunning,
	{ input, text, onEvent, failed, undecided, tellsStop = false }: JobCommand<Input, Result, Event>,
): Promise<void> {
	await withSession({ ...options, tellsStop }, async (session) => {
		const told = onEvent?.(session.progress) ?? (() => {})
		const result = await job(input, { ...session, onEvent: told })
		session.result(result, text(result))
		if (undecided?.(result)) throw new FailedCheck(`${job.jobName} was not decided.`, exitCodes.failure)
		const found = failed?.(result) ?? false
		if (typeof found !== 'boolean')
			for (const problem of found) process.stderr.write(`${coloured(`problem: ${problem}`, process.stderr)}\n`)
		if (found === true || (found && found.length > 0)) throw new FailedCheck(`A check of ${job.jobName} failed.`)
	})
}

/** The options of a command that are its job's input. */
export function jobInput<Options extends OptionsOfRunning>(options: Options): Omit<Options, keyof OptionsOfRunning> {
	const { device: _, threads: __, json: ___, quiet: ____, loaderThreads: _____, ...input } = options
	return input
}
