/** Whether files are of one and the same surrogate. */

import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { differences } from '../../files/differences.js'

/** @throws NaptuneError naming what differs between a training that left a file and the one asked for. */
export function requireSame(path: string, before: unknown, now: unknown): void {
	const changed = differences(decisive(before), decisive(JSON.parse(JSON.stringify(now))))
	if (changed.length === 0) return
	throw new NaptuneError(
		`${path} is of a surrogate that was trained otherwise; it differs in ${changed.join(', ')}. Use the same settings, data and engine, give another --out, or remove it to start anew.`,
	)
}

/** Data are known by their pixels; where they lie and what they are called does not matter. */
function decisive(description: unknown): unknown {
	if (!isRecord(description) || !isRecord(description.data)) return description
	const { name: _, origin: __, notices: ___, ...data } = description.data
	return { ...description, data }
}
