/** Whether files are of one and the same surrogate. */

import { NaptuneError } from '../../core/errors.js'
import { differences } from '../../records/settings.js'
import { type SurrogateSettings, surrogateKind } from '../../records/surrogate.js'

/** @throws NaptuneError naming what differs between a training that left a file and the one asked for. */
export function requireSame(path: string, before: unknown, now: SurrogateSettings): void {
	const changed = differences(surrogateKind.settings, before, now)
	if (changed.length === 0) return
	throw new NaptuneError(
		'NAP_RUN_DIFFERS',
		`${path} is of a surrogate that was trained with other settings; it differs in ${changed.join(', ')}. Use the same settings, data and engine, give another --out, or remove it to start anew.`,
	)
}
