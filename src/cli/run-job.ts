/** Runs a job as a command: progress and notes on stderr, the result on stdout. */

import type { JobContext } from '../jobs/job.js'
import { coloured } from './colour.js'
import { exitCodes, FailedCheck } from './exit-codes.js'
import type { SharedOptions } from './options/shared-options.js'
import type { Progress } from './progress.js'
import { withSession } from './session.js'

/** How a command runs its job. */
export interface JobCommand<Input, Result, Event> {
	readonly input: Input
	/** The result for people; --json prints the result itself. */
	text(result: Result): string
	/** Shows the job's own events. */
	onEvent?(progress: Progress): JobContext<Event>['onEvent']
	/**
	 * Whether the result is a failed check, which gives the command its own exit code; or the sentences that describe the
	 * failures, which go to stderr.
	 */
	failed?(result: Result): boolean | readonly string[]
	/** Whether the result is undecided, which ends the command as a failure. */
	undecided?(result: Result): boolean
	/** Whether the job's own events announce that it stops, in the format of its log. Default false. */
	readonly tellsStop?: boolean
}

/** The parts of a job that this file uses. */
interface RunnableJob<Input, Result, Event> {
	(input: Input, context: JobContext<Event>): Promise<Result>
	readonly jobName: string
}

/** Options that are not job input: they control how the job runs and reports. */
type OptionsOfRunning = SharedOptions & { readonly loaderThreads?: number }

/** Runs a job with the given options. @throws FailedCheck according to `failed`; and whatever the job throws. */
export async function runJob<Input, Result, Event>(
	job: RunnableJob<Input, Result, Event>,
	options: OptionsOfRunning,
	{ input, text, onEvent, failed, undecided, tellsStop = false }: JobCommand<Input, Result, Event>,
): Promise<void> {
	await withSession({ ...options, tellsStop }, async (session) => {
		const told = onEvent?.(session.progress) ?? (() => {})
		const result = await job(input, { ...session, onEvent: told })
		session.result(result, text(result))
		if (undecided?.(result)) throw new FailedCheck(`${job.jobName} reached no decision.`, exitCodes.failure)
		const found = failed?.(result) ?? false
		if (typeof found !== 'boolean')
			for (const problem of found) process.stderr.write(`${coloured(`problem: ${problem}`, process.stderr)}\n`)
		if (found === true || (found && found.length > 0)) throw new FailedCheck(`A check of ${job.jobName} failed.`)
	})
}

/** The options that form the job's input. */
export function jobInput<Options extends OptionsOfRunning>(options: Options): Omit<Options, keyof OptionsOfRunning> {
	const { device: _, threads: __, json: ___, quiet: ____, loaderThreads: _____, ...input } = options
	return input
}
