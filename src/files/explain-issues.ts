/** Explains to people why a schema rejects settings. */

import { z } from 'zod'
import { isRecord } from '../core/guards.js'
import { didYouMean } from '../core/nearest.js'

/**
 * Lists every issue on its own line. For an unknown key, it adds the known ones and the most likely one, which may belong to
 * another object, such as `optimizer.learningRate`.
 * @param schema The schema that rejected the value.
 * @param value The rejected value: for a text that is not among its choices, the likely one is suggested.
 */
export function explainIssues({ issues }: z.ZodError, schema: z.ZodType, value?: unknown): string {
	return z.prettifyError({
		issues: issues.flatMap(meant).map((issue) => withLikelyChoice(withKnownKeys(issue, schema), value)),
	})
}

type Issue = z.core.$ZodIssue

/** For a value with several possible forms, the issues of the form that it has. */
function meant(issue: Issue): Issue[] {
	if (issue.code !== 'invalid_union') return [issue]
	const form = issue.errors.find(
		(issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
	)
	if (!form) return [issue]
	return form.flatMap((own) => meant({ ...own, path: [...issue.path, ...own.path] }))
}

function withKnownKeys(issue: Issue, schema: z.ZodType): Issue {
	if (issue.code !== 'unrecognized_keys') return issue
	const known = keysAt(schema, issue.path)
	if (known.length === 0) return issue
	const anywhere = [...known, ...pathsOf(schema)]
	const suggestions = issue.keys.map((key) => didYouMean(key, anywhere)).join('')
	return { ...issue, message: `${issue.message}; known keys: ${known.join(', ')}${suggestions && `.${suggestions}`}` }
}

function withLikelyChoice(issue: Issue, value: unknown): Issue {
	const given = issue.code === 'invalid_value' ? valueAt(value, issue.path) : undefined
	if (issue.code !== 'invalid_value' || typeof given !== 'string') return issue
	const suggestion = didYouMean(given, issue.values.map(String))
	return { ...issue, message: `${issue.message}${suggestion && `.${suggestion}`}` }
}

function valueAt(value: unknown, [first, ...rest]: readonly PropertyKey[]): unknown {
	if (first === undefined) return value
	return isRecord(value) || Array.isArray(value)
		? valueAt((value as Readonly<Record<PropertyKey, unknown>>)[first], rest)
		: undefined
}

/** The keys of the object at a path; empty if there is no object. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
	const inner = unwrapped(schema)
	if (inner instanceof z.ZodUnion) {
		return inner.options.map((option) => keysAt(option, path)).find((keys) => keys.length > 0) ?? []
	}
	const [first, ...rest] = path
	if (first === undefined) return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
	if (inner instanceof z.ZodObject) return keysAt(inner.shape[String(first)], rest)
	if (inner instanceof z.ZodRecord) return keysAt(inner.valueType, rest)
	return inner instanceof z.ZodArray ? keysAt(inner.element, rest) : []
}

/** Dotted paths of all keys below the first level. */
function pathsOf(schema: unknown, above = ''): string[] {
	const inner = unwrapped(schema)
	if (!(inner instanceof z.ZodObject)) return []
	return Object.entries(inner.shape).flatMap(([key, value]) => [
		...(above === '' ? [] : [`${above}${key}`]),
		...pathsOf(value, `${above}${key}.`),
	])
}

/** The schema of the input, without defaults and later steps. */
function unwrapped(schema: unknown): unknown {
	if (schema instanceof z.ZodPipe) return unwrapped(schema.in)
	const wrapped = [z.ZodDefault, z.ZodPrefault, z.ZodOptional, z.ZodNullable].some((kind) => schema instanceof kind)
	return wrapped ? unwrapped((schema as z.ZodOptional).unwrap()) : schema
}
