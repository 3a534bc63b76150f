/** Sizes of perturbations as people write them. */

import type { ThreatModel } from './threat-model.js'

/** Epsilon in grey levels where that is a short number (`2/255`), else as it is. */
export function epsilonText(epsilon: number): string {
	const levels = Number((epsilon * 255).toPrecision(10))
	return Number.isInteger(levels * 4) && epsilon > 0 ? `${levels}/255` : String(epsilon)
}

/** The size of a perturbation: grey levels measure L-infinity only. */
export function sizeText({ norm, epsilon }: ThreatModel): string {
	return norm === 'linf' ? epsilonText(epsilon) : String(epsilon)
}
