/** Kinds of records: one schema each, which gives the type and checks the content. */

import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import type { Immutable } from '../core/immutable.js'

/** Describes how to read a JSON file. */
export interface RecordForm<Schema extends z.ZodType> {
	/** Name for people, such as `an evaluation record`. */
	readonly title: string
	/** Purpose and origin in one sentence, for the JSON Schema. */
	readonly doc: string
	/** What to do if a file does not match. */
	readonly advice: string
	readonly schema: Schema
}

/** A record of a measurement: its settings and its findings. */
export interface RecordKind<Settings extends z.ZodObject, Schema extends z.ZodObject> extends RecordForm<Schema> {
	/** Everything that determines the findings; the first entries of the record. */
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

/** The settings of a kind of record. */
export type SettingsOf<Kind extends RecordKind<z.ZodObject, z.ZodObject>> = Immutable<z.output<Kind['settings']>>

/** Checks a JSON value. @param name Its path, for errors. @throws NaptuneError when it is not of this kind. */
export function parseRecord<Schema extends z.ZodType>(
	{ schema, title, advice }: RecordForm<Schema>,
	value: unknown,
	name: string,
): z.output<Schema> {
	const parsed = schema.safeParse(value)
	if (parsed.success) return parsed.data
	throw new NaptuneError(
		'NAP_RECORD_INVALID',
		`${name} is not ${title} that this version can read:\n${z.prettifyError(parsed.error)}\n${advice}`,
	)
}
