/** What is wrong with settings that a schema refuses, for people. */

import { z } from 'zod'

/**
 * Every issue on a line of its own; where a key is unknown, with those that are known.
 * @param schema The one that refused.
 */
export function explainIssues({ issues }: z.ZodError, schema: z.ZodType): string {
	return z.prettifyError({
		issues: issues.map((issue) => {
			const known = issue.code === 'unrecognized_keys' ? keysAt(schema, issue.path) : []
			return known.length > 0 ? { ...issue, message: `${issue.message}; known are ${known.join(', ')}` } : issue
		}),
	})
}

/** The keys of the object at a path; none where it is not an object in an object. */
function keysAt(schema: unknown, [first, ...rest]: readonly PropertyKey[]): string[] {
	const inner = unwrapped(schema)
	if (!(inner instanceof z.ZodObject)) return []
	return first === undefined ? Object.keys(inner.shape) : keysAt(inner.shape[String(first)], rest)
}

/** What reads the input: without defaults and what comes after it. */
function unwrapped(schema: unknown): unknown {
	if (schema instanceof z.ZodPipe) return unwrapped(schema.in)
	const wrapped = [z.ZodDefault, z.ZodPrefault, z.ZodOptional, z.ZodNullable].some((kind) => schema instanceof kind)
	return wrapped ? unwrapped((schema as z.ZodOptional).unwrap()) : schema
}
