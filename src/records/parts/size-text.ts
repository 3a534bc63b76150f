/** Writes sizes of perturbations for people. */

import type { ThreatModel } from './threat-model.js'

/** Epsilon in grey levels if that is a short number (`2/255`), otherwise as a decimal. */
export function epsilonText(epsilon: number): string {
	const levels = Number((epsilon * 255).toPrecision(10))
	return Number.isInteger(levels * 4) && epsilon > 0 ? `${levels}/255` : String(epsilon)
}

/** The size of a perturbation; only L-infinity uses grey levels. */
export function sizeText({ norm, epsilon }: ThreatModel): string {
	return norm === 'linf' ? epsilonText(epsilon) : String(epsilon)
}
