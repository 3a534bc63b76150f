/** Kinds of records: one schema each, from which their types are inferred and by which their content is checked. */

import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import type { Immutable } from '../core/immutable.js'

/** How a file of JSON is read. */
export interface RecordForm<Schema extends z.ZodType> {
	/** What a person calls it, such as `an evaluation record`. */
	readonly title: string
	/** What it is for and where it is written; one sentence, for its JSON Schema. */
	readonly doc: string
	/** What to do where a file is none. */
	readonly advice: string
	readonly schema: Schema
}

/** A record of something measured: what was decided, and what was found. */
export interface RecordKind<Settings extends z.ZodObject, Schema extends z.ZodObject> extends RecordForm<Schema> {
	/** Everything that decides what is found; the first entries of the record. */
	readonly settings: Settings
}

/** A kind of record from the fields of its settings and those of its findings. */
export function recordKind<Settings extends z.ZodRawShape, Findings extends z.ZodRawShape>({
	settings,
	found,
	...about
}: Omit<RecordForm<z.ZodType>, 'schema'> & { readonly settings: Settings; readonly found: Findings }) {
	return { ...about, settings: z.strictObject(settings), schema: z.strictObject({ ...settings, ...found }) }
}

/** The content of a file of a kind. */
export type RecordOf<Form extends RecordForm<z.ZodType>> = Immutable<z.output<Form['schema']>>

/** What decides the content of a record of a kind. */
export type SettingsOf<Kind extends RecordKind<z.ZodObject, z.ZodObject>> = Immutable<z.output<Kind['settings']>>

/** Checks a JSON value. @param name What an error calls it: its path. @throws NaptuneError when it is none of this kind. */
export function parseRecord<Schema extends z.ZodType>(
	{ schema, title, advice }: RecordForm<Schema>,
	value: unknown,
	name: string,
): z.output<Schema> {
	const parsed = schema.safeParse(value)
	if (parsed.success) return parsed.data
	throw new NaptuneError(
		'NAP_RECORD_INVALID',
		`${name} is not ${title} that this version reads:\n${z.prettifyError(parsed.error)}\n${advice}`,
	)
}
