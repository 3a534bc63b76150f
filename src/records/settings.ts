/**
 * Compares the settings that determine a number. All settings of a record count except the fields that their schema marks as
 * informative, such as locations and names. So a new field counts unless it is marked.
 */

import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { isRecord } from '../core/guards.js'
import { isInformative } from './informative.js'

/** One setting that differs. */
export interface SettingChange {
	/** Its path, such as `optimizer.learningRate`. */
	readonly setting: string
	/** Its value; null if there is none. */
	readonly value: unknown
	/** The value to compare with, either the usual or an earlier one; null if there is none. */
	readonly usual: unknown
}

/** Settings that differ between two JSON values, at any depth. */
export function settingChanges(usual: unknown, value: unknown): SettingChange[] {
	return changes(usual, value, '').map(({ setting, before, now }) => ({
		setting,
		value: now ?? null,
		usual: before ?? null,
	}))
}

/** Undefined stands for a missing value. */
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
 * The relevant differences between two settings of one schema, such as `config.shots (8, was 16)`, without long values.
 * Empty if both lead to the same numbers.
 * @param before JSON, for example from a file; anything that is not settings differs in everything.
 * @param now Settings as JSON represents them.
 */
export function differences(schema: z.ZodType, before: unknown, now: unknown): string[] {
	return changes(deciding(schema, plain(before)), deciding(schema, plain(now)), '').map(changeText)
}

/** {@link differences} between the settings of two complete records of one kind. */
export function recordDifferences(
	{ settings }: { readonly settings: z.ZodObject },
	before: object,
	now: object,
): string[] {
	return differences(settings, settingsIn(settings, before), settingsIn(settings, now))
}

/** Whether two settings of one schema lead to the same numbers. */
export function sameSettings(schema: z.ZodType, a: unknown, b: unknown): boolean {
	return differences(schema, a, b).length === 0
}

/** The entries of a record that a schema knows; for a complete record, its settings. */
export function settingsIn(schema: z.ZodObject, record: object): Record<string, unknown> {
	return Object.fromEntries(Object.entries(record).filter(([key]) => Object.hasOwn(schema.shape, key)))
}

/** A JSON value without informative fields; entries unknown to the schema stay. */
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
