/** What an attacker may change: the norm ball around the clean image, within the box of valid pixels. */

import { NaptuneError } from '../../core/errors.js'
import type { Norm, ThreatModel } from '../../records/parts/threat-model.js'

export type { Norm, ThreatModel } from '../../records/parts/threat-model.js'

/**
 * Checks a threat model.
 * @throws NaptuneError if epsilon is negative or not finite, or above 1 in L-infinity (where only the box would limit it, so
 * it is almost certainly given in grey levels).
 */
export function threatModel(norm: Norm, epsilon: number): ThreatModel {
	if (norm !== 'linf' && norm !== 'l2')
		throw new NaptuneError('NAP_NAME_UNKNOWN', `Unknown norm ${String(norm)}; choose linf or l2.`)
	if (!Number.isFinite(epsilon) || epsilon < 0) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`Epsilon must be a finite number >= 0 in pixel units of [0, 1]; got ${epsilon}.`,
		)
	}
	if (norm === 'linf' && epsilon > 1) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`Epsilon ${epsilon} in L-infinity exceeds the pixel range [0, 1]. Give it in that unit, for example ${epsilon}/255.`,
		)
	}
	return { norm, epsilon }
}

/** Parses epsilon as people write it: `1/255`, `0.0039`, `.03`. @throws NaptuneError if it is not a number or fraction. */
export function parseEpsilon(text: string): number {
	const match = /^\s*((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(?:\/\s*(\d+\.?\d*|\.\d+))?\s*$/i.exec(text)
	const value = match ? Number(match[1]) / Number(match[2] ?? 1) : Number.NaN
	if (!Number.isFinite(value)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`Epsilon must be a number or a fraction such as 1/255; got ${JSON.stringify(text)}.`,
		)
	}
	return value
}
