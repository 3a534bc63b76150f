/** Loads a job at its first call. */

import type { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import type { Job, JobContext } from './job.js'

/** A job's function without its schemas, which `naptune/jobs` exports. */
export type LazyJob<Input extends z.ZodType, Result extends z.ZodType, Event> = (
	input: z.input<Input>,
	context?: Partial<JobContext<Event>>,
) => Promise<Immutable<z.output<Result>>>

/** Wraps a job in a function that loads it. */
export function lazyJob<Input extends z.ZodType, Result extends z.ZodType, Event>(
	load: () => Promise<Job<Input, Result, Event>>,
): LazyJob<Input, Result, Event> {
	return async (input, context) => (await load())(input, context)
}
