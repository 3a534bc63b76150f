/** Jobs that are loaded when they are first called. */

import type { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import type { Job, JobContext } from './job.js'

/** The function that a job is, without its schemas; those are in `naptune/jobs`. */
export type LazyJob<Input extends z.ZodType, Result extends z.ZodType, Event> = (
	input: z.input<Input>,
	context?: Partial<JobContext<Event>>,
) => Promise<Immutable<z.output<Result>>>

/** A job as a function that loads it. */
export function lazyJob<Input extends z.ZodType, Result extends z.ZodType, Event>(
	load: () => Promise<Job<Input, Result, Event>>,
): LazyJob<Input, Result, Event> {
	return async (input, context) => (await load())(input, context)
}
