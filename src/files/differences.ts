/** What is not the same in two JSON descriptions, in words. */

import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../core/guards.js'

/** Entries of runs and stores that say where things came from, but do not decide what comes out. */
const whereabouts: ReadonlySet<string> = new Set([
	'model.source',
	'model.revision',
	'dataset.origin.root',
	'dataset.notices',
	'preset',
])

/**
 * What differs, as `config.shots (8, was 16)`. Values that take more than a few words are left out.
 * @param ignored Paths of entries that may differ; by default those that decide nothing.
 */
export function differences(before: unknown, now: unknown, ignored = whereabouts, path = ''): string[] {
	if (ignored.has(path) || isDeepStrictEqual(before, now)) return []
	if (isRecord(before) && isRecord(now)) {
		const keys = new Set([...Object.keys(before), ...Object.keys(now)])
		return [...keys].flatMap((key) => differences(before[key], now[key], ignored, path ? `${path}.${key}` : key))
	}
	const [old, own] = [inWords(before), inWords(now)]
	const name = path || 'everything'
	return [old.length + own.length > 100 ? name : `${name} (${own}, was ${old})`]
}

function inWords(value: unknown): string {
	return JSON.stringify(value) ?? 'not set'
}
