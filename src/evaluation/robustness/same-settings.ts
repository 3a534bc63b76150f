/** Whether two evaluations come to the same outcomes. */

import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../../core/guards.js'

/** Entries that say where model and data lay and what was said of them, but decide nothing. */
const informative: ReadonlySet<string> = new Set(['model.source', 'model.revision', 'dataset.notices'])

/**
 * Compares settings, of which one may come from a file, but for what decides nothing.
 * @param a JSON. @param b JSON.
 */
export function sameSettings(a: unknown, b: unknown): boolean {
	return isDeepStrictEqual(deciding(a), deciding(b))
}

function deciding(settings: unknown): unknown {
	const plain = JSON.parse(JSON.stringify(settings ?? null)) as unknown
	if (!isRecord(plain)) return plain
	return Object.fromEntries(
		Object.entries(plain).map(([group, value]) => [
			group,
			isRecord(value)
				? Object.fromEntries(Object.entries(value).filter(([key]) => !informative.has(`${group}.${key}`)))
				: value,
		]),
	)
}
