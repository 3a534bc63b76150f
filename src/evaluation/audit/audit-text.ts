/** Formats the numbers of an audit for people. */

import type { ThreatModel } from '../../attacks/sets/threat-model.js'

/** A share as a percentage: `25.0 %`. */
export function percentText(share: number): string {
	return `${(100 * share).toFixed(1)} %`
}

/** A radius in the usual form: grey levels in L-infinity (`3/255`), a number in L2. */
export function radiusText({ norm, epsilon }: ThreatModel): string {
	const short = (value: number) => String(Number(value.toPrecision(4)))
	return norm === 'linf' ? `${short(255 * epsilon)}/255` : short(epsilon)
}
