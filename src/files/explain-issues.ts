/** What is wrong with settings that a schema refuses, for people. */

import { z } from 'zod'
import { didYouMean } from '../core/nearest.js'

/**
 * Every issue on a line of its own; where a key is unknown, with those that are known, and where a name is meant that is
 * written otherwise, with that.
 * @param schema The one that refused.
 * @param value What it refused; what is none of its choices is compared with them.
 */
export function explainIssues({ issues }: z.ZodError, schema: z.ZodType, value?: unknown): string {
	return z.prettifyError({
		issues: issues.map((issue) => ({ ...issue, message: `${issue.message}${hint(issue, schema, value)}` })),
	})
}

function hint(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): string {
	if (issue.code === 'unrecognized_keys') {
		const known = keysAt(schema, issue.path)
		const paths = dottedKeys(schema)
		const wrong = issue.keys.map((key) => [...issue.path, key].join('.'))
		const meant = new Set(wrong.map((path) => didYouMean(path, paths)))
		return `${known.length > 0 ? `; known are ${known.join(', ')}` : ''}${punctuated([...meant].join(''))}`
	}
	if (issue.code === 'invalid_value') {
		const given = valueAt(value, issue.path)
		return typeof given === 'string' ? punctuated(didYouMean(given, issue.values.map(String))) : ''
	}
	return ''
}

/** A further sentence; nothing stays nothing. */
function punctuated(sentence: string): string {
	return sentence === '' ? '' : `.${sentence}`
}

function valueAt(value: unknown, [first, ...rest]: readonly PropertyKey[]): unknown {
	if (first === undefined) return value
	return typeof value === 'object' && value !== null
		? valueAt((value as Readonly<Record<PropertyKey, unknown>>)[first], rest)
		: undefined
}

/** The keys of the object at a path; none where it is not an object in an object. */
function keysAt(schema: unknown, [first, ...rest]: readonly PropertyKey[]): string[] {
	const inner = unwrapped(schema)
	if (!(inner instanceof z.ZodObject)) return []
	return first === undefined ? Object.keys(inner.shape) : keysAt(inner.shape[String(first)], rest)
}

/** All keys of the objects in an object, each with those above it: `optimizer.learningRate`. */
function dottedKeys(schema: unknown): string[] {
	const inner = unwrapped(schema)
	if (!(inner instanceof z.ZodObject)) return []
	return Object.entries(inner.shape).flatMap(([key, below]) => [
		key,
		...dottedKeys(below).map((path) => `${key}.${path}`),
	])
}

/** What reads the input: without defaults and what comes after it. */
function unwrapped(schema: unknown): unknown {
	if (schema instanceof z.ZodPipe) return unwrapped(schema.in)
	const wrapped = [z.ZodDefault, z.ZodPrefault, z.ZodOptional, z.ZodNullable].some((kind) => schema instanceof kind)
	return wrapped ? unwrapped((schema as z.ZodOptional).unwrap()) : schema
}
