/** Marks fields that do not affect results. */

import { z } from 'zod'

const decideNothing = z.registry<{ readonly informative: true }>()

/**
 * Marks a field that says where something was or what it was called, and so affects no number. The mark belongs to this
 * schema object, so apply it last, after all calls that return another schema.
 */
export function informative<Schema extends z.ZodType>(schema: Schema): Schema {
	decideNothing.add(schema, { informative: true })
	return schema
}

/** Whether a field carries the mark. */
export function isInformative(schema: z.ZodType): boolean {
	return decideNothing.has(schema)
}
