/** Checks whether files belong to the same surrogate. */

import { NaptuneError } from '../../core/errors.js'
import { differences } from '../../records/settings.js'
import { type SurrogateSettings, surrogateKind } from '../../records/surrogate.js'

/** @throws NaptuneError naming the differences between the training that left a file and the requested one. */
export function requireSame(path: string, before: unknown, now: SurrogateSettings): void {
	const changed = differences(surrogateKind.settings, before, now)
	if (changed.length === 0) return
	throw new NaptuneError(
		'NAP_RUN_DIFFERS',
		`${path} belongs to a surrogate with other settings; it differs in ${changed.join(', ')}. Use the same settings, data and engine, choose another --out, or remove the file to start over.`,
	)
}
