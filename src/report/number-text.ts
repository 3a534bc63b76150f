/** Numbers as people read them in running text. */

/** Seconds as `12 s`, `3 min 05 s` or `2 h 07 min`. */
export function duration(seconds: number): string {
	if (seconds < 9.95) return `${seconds.toFixed(1)} s`
	const whole = Math.round(seconds)
	if (whole < 60) return `${whole} s`
	const minutes = Math.floor(whole / 60)
	if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`
	return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** 37774592 as `37,774,592`. */
export function grouped(count: number): string {
	return count.toLocaleString('en-US')
}

/** A norm as people write it. */
export function normText(norm: 'linf' | 'l2'): string {
	return norm === 'linf' ? 'L-infinity' : 'L2'
}

/** A share in [0, 1] as a percentage with one decimal. */
export function percentText(share: number): string {
	return `${(100 * share).toFixed(1)} %`
}

/** A share in [0, 1] with its interval: `41.2 % [38.0, 44.5]`. */
export function estimateText(share: number, [low, high]: readonly [number, number]): string {
	return `${percentText(share)} [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`
}

/** A difference of shares in percentage points, with its sign. */
export function pointsText(difference: number): string {
	const points = (100 * difference).toFixed(1)
	return `${difference < 0 ? points.replace('-', '\u2212') : `+${points}`} points`
}
