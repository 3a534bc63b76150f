/** Numbers as they stand in tables. */

/** A share in [0, 1] in percent with one decimal, without the sign: `48.3`. */
export function percentText(share: number): string {
	return (100 * share).toFixed(1)
}

/** A difference in percentage points with its sign: `+3.2`, `−1.0`; `0.0` without. */
export function pointsText(points: number): string {
	const size = Math.abs(points).toFixed(1)
	if (Number(size) === 0) return size
	return points > 0 ? `+${size}` : `−${size}`
}

/** An interval of shares in percent: `[41.5, 55.2]`. */
export function intervalText([low, high]: readonly [number, number]): string {
	return `[${percentText(low)}, ${percentText(high)}]`
}

/** An interval of differences of shares, in points. */
export function pointsIntervalText([low, high]: readonly [number, number]): string {
	return `[${pointsText(100 * low)}, ${pointsText(100 * high)}]`
}

/** A p-value with three decimals. */
export function probabilityText(p: number): string {
	return p < 0.001 ? '< 0.001' : p.toFixed(3)
}

/** Seconds with a unit that fits: `4.2 s`, `1.5 min`, `2.3 h`. */
export function secondsText(seconds: number): string {
	if (seconds < 99.95) return `${seconds.toFixed(1)} s`
	return seconds < 5970 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`
}
