/**
 * What decides a number. Everything that the settings of a record hold does, but for the fields that their schema marks:
 * those say where something lay or what was said of it. So a new field decides unless it says otherwise.
 */

import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { isRecord } from '../core/guards.js'
import { isInformative } from './informative.js'

/** One setting that is not the same. */
export interface SettingChange {
	/** Its path, such as `optimizer.learningRate`. */
	readonly setting: string
	/** Its value; null where there is none. */
	readonly value: unknown
	/** What it is compared with: its usual value, or an earlier one; null where there is none. */
	readonly usual: unknown
}

/** Settings that are not the same, deep in the objects of two JSON values. */
export function settingChanges(usual: unknown, value: unknown): SettingChange[] {
	return changes(usual, value, '').map(({ setting, before, now }) => ({
		setting,
		value: now ?? null,
		usual: before ?? null,
	}))
}

/** Undefined is what is not there. */
interface Change {
	readonly setting: string
	readonly before: unknown
	readonly now: unknown
}

function changes(before: unknown, now: unknown, setting: string): Change[] {
	if (isDeepStrictEqual(before, now)) return []
	if (!isRecord(before) || !isRecord(now)) return [{ setting, before, now }]
	const keys = new Set([...Object.keys(before), ...Object.keys(now)])
	return [...keys].flatMap((key) => changes(before[key], now[key], setting ? `${setting}.${key}` : key))
}

/**
 * What decides and is not the same in two settings of one schema, as `config.shots (8, was 16)`. Values that take more than
 * a few words are left out. None where they come to the same numbers.
 * @param before JSON, such as from a file; anything that is no settings differs in everything.
 * @param now As JSON would have it.
 */
export function differences(schema: z.ZodType, before: unknown, now: unknown): string[] {
	return changes(deciding(schema, plain(before)), deciding(schema, plain(now)), '').map(changeText)
}

/** {@link differences} of the settings of two whole records of one kind. */
export function recordDifferences(
	{ settings }: { readonly settings: z.ZodObject },
	before: object,
	now: object,
): string[] {
	return differences(settings, settingsIn(settings, before), settingsIn(settings, now))
}

/** Whether two settings of one schema come to the same numbers. */
export function sameSettings(schema: z.ZodType, a: unknown, b: unknown): boolean {
	return differences(schema, a, b).length === 0
}

/** The entries of a record that an object's schema knows: of a whole record, its settings. */
export function settingsIn(schema: z.ZodObject, record: object): Record<string, unknown> {
	return Object.fromEntries(Object.entries(record).filter(([key]) => Object.hasOwn(schema.shape, key)))
}

/** A JSON value without what decides nothing; entries that the schema does not know stay. */
export function deciding(schema: z.ZodType, value: unknown): unknown {
	const inner = unwrapped(schema)
	if (inner instanceof z.ZodUnion) {
		const own = inner.options.find((option) => option instanceof z.ZodType && option.safeParse(value).success)
		return own instanceof z.ZodType ? deciding(own, value) : value
	}
	if (inner instanceof z.ZodArray && Array.isArray(value)) {
		const { element } = inner
		return element instanceof z.ZodType ? value.map((item) => deciding(element, item)) : value
	}
	if (!(inner instanceof z.ZodObject) || !isRecord(value)) return value
	return Object.fromEntries(
		Object.entries(value).flatMap(([key, own]) => {
			const field: unknown = Object.hasOwn(inner.shape, key) ? inner.shape[key] : undefined
			if (!(field instanceof z.ZodType)) return [[key, own]]
			return isInformative(field) ? [] : [[key, deciding(field, own)]]
		}),
	)
}

function unwrapped(schema: z.ZodType): z.ZodType {
	if (schema instanceof z.ZodExactOptional || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
		const inner: unknown = schema.unwrap()
		return inner instanceof z.ZodType ? unwrapped(inner) : schema
	}
	return schema
}

function plain(value: unknown): unknown {
	return JSON.parse(JSON.stringify(value ?? null)) as unknown
}

function changeText({ setting, before, now }: Change): string {
	const [was, own] = [before, now].map((value) => (value === undefined ? 'not set' : JSON.stringify(value)))
	const name = setting || 'everything'
	return `${was}${own}`.length > 100 ? name : `${name} (${own}, was ${was})`
}
