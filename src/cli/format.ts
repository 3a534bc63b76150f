/** Numbers as people read them. */

export { epsilonText, sizeText } from '../attacks/sets/size-text.js'
export { duration, grouped, normText } from '../report/number-text.js'

/** A share in [0, 1] as a percentage with one decimal; all of up to 100.0 % have the same width. */
export function percent(share: number): string {
	return `${(100 * share).toFixed(1).padStart(5)} %`
}

/** An interval of shares in [0, 1] as percentages. */
export function percentInterval([low, high]: readonly [number, number]): string {
	return `[${(100 * low).toFixed(1).padStart(4)}, ${(100 * high).toFixed(1).padStart(5)}]`
}

/** Rate of something with three digits. */
export function rate(perSecond: number): string {
	return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(3)
}
