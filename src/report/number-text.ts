/** Formats numbers for running text. */

export { counted, grouped } from '../core/counted.js'

/** Seconds as `12 s`, `3 min 05 s` or `2 h 07 min`. */
export function duration(seconds: number): string {
	if (seconds < 9.95) return `${seconds.toFixed(1)} s`
	const whole = Math.round(seconds)
	if (whole < 60) return `${whole} s`
	const minutes = Math.floor(whole / 60)
	if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`
	return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** A norm as people write it. */
export function normText(norm: 'linf' | 'l2'): string {
	return norm === 'linf' ? 'L-infinity' : 'L2'
}

/** A share in [0, 1] in percent with one decimal and its sign: `48.3 %`. */
export function percentText(share: number): string {
	return `${percentNumber(share)} %`
}

/** A share in [0, 1] in percent with one decimal, without the sign: `48.3`. */
export function percentNumber(share: number): string {
	return (100 * share).toFixed(1)
}

/** An interval of shares in percent: `[41.5, 55.2]`. */
export function intervalText([low, high]: readonly [number, number]): string {
	return `[${percentNumber(low)}, ${percentNumber(high)}]`
}

/** A difference in percentage points with its sign: `+3.2`, `−1.0`; `0.0` without. */
export function pointsText(points: number): string {
	const size = Math.abs(points).toFixed(1)
	if (Number(size) === 0) return size
	return points > 0 ? `+${size}` : `−${size}`
}

/** An interval of differences of shares, in points. */
export function pointsIntervalText([low, high]: readonly [number, number]): string {
	return `[${pointsText(100 * low)}, ${pointsText(100 * high)}]`
}

/** A p-value with three decimals. */
export function probabilityText(p: number): string {
	return p < 0.001 ? '< 0.001' : p.toFixed(3)
}

/** A share in [0, 1] as a percentage with one decimal, padded: all of up to 100.0 % have the same width. */
export function percent(share: number): string {
	return `${percentNumber(share).padStart(5)} %`
}

/** An interval of shares in [0, 1] as percentages, padded so that all have the same width. */
export function percentInterval([low, high]: readonly [number, number]): string {
	return `[${percentNumber(low).padStart(4)}, ${percentNumber(high).padStart(5)}]`
}
