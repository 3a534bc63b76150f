/** Options of attacks, checked and completed. */

import type { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { explainIssues } from '../files/explain-issues.js'

/**
 * Fills in the defaults of an attack's options.
 * @param attack Its name for people, such as `APGD`. @param options As the schema takes them.
 * @throws NaptuneError listing every option that is not usable.
 */
export function usableOptions<Schema extends z.ZodType>(
	attack: string,
	schema: Schema,
	options: unknown,
): z.output<Schema> {
	const parsed = schema.safeParse(options)
	if (parsed.success) return parsed.data
	throw new NaptuneError(`The options of ${attack} are not usable:\n${explainIssues(parsed.error, schema, options)}`)
}
