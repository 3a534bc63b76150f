/** Where a configuration differs from the usual one. */

import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { isRecord } from '../../core/guards.js'

/** One setting that differs. */
export const settingChangeSchema = z.object({
	/** Its path, such as `optimizer.learningRate`. */
	setting: z.string(),
	/** Its value; null where only the usual configuration has it. */
	value: z.unknown(),
	/** Its usual value; null where there is none. */
	usual: z.unknown(),
})

/** One setting that differs. */
export type SettingChange = z.output<typeof settingChangeSchema>

/** The settings whose values are not the same, deep in the objects of two JSON values. */
export function settingChanges(usual: unknown, value: unknown, setting = ''): SettingChange[] {
	if (isDeepStrictEqual(usual, value)) return []
	if (!isRecord(usual) || !isRecord(value)) return [{ setting, value: value ?? null, usual: usual ?? null }]
	const keys = new Set([...Object.keys(usual), ...Object.keys(value)])
	return [...keys].flatMap((key) => settingChanges(usual[key], value[key], setting ? `${setting}.${key}` : key))
}
