/** Several tests at once. */

/**
 * p-values corrected so that the chance of one false alarm among all of them stays below the level that each is compared
 * with (Holm, 1979).
 * @param values In [0, 1]. @returns In the same order, in [0, 1], none below the given one.
 */
export function holmAdjusted(values: readonly number[]): number[] {
	const order = values.map((_, index) => index).sort((one, other) => values[one]! - values[other]!)
	const adjusted = new Array<number>(values.length).fill(1)
	let least = 0
	for (const [rank, index] of order.entries()) {
		least = Math.max(least, Math.min(1, (values.length - rank) * values[index]!))
		adjusted[index] = least
	}
	return adjusted
}
