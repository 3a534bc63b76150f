/** Marks of fields that decide nothing. */

import { z } from 'zod'

const decideNothing = z.registry<{ readonly informative: true }>()

/**
 * Marks a field that says where something lay or what was said of it: no number follows from it. The mark belongs to this
 * very schema, so it comes last, after all that makes another schema of it.
 */
export function informative<Schema extends z.ZodType>(schema: Schema): Schema {
	decideNothing.add(schema, { informative: true })
	return schema
}

/** Whether a field carries the mark. */
export function isInformative(schema: z.ZodType): boolean {
	return decideNothing.has(schema)
}
