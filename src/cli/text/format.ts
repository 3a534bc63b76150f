/** Numbers as people read them. */

export { epsilonText } from '../../attacks/sets/size-text.js'
export { counted, duration, grouped, percent, percentInterval } from '../../report/number-text.js'

/** Rate of something with three digits. */
export function rate(perSecond: number): string {
	return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(3)
}
