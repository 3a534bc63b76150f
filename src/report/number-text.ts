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
