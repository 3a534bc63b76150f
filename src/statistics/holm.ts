/** Correction for several simultaneous tests. */

/**
 * Corrects p-values so that the chance of any false alarm among them stays below the level used for each (Holm, 1979).
 * @param values P-values in [0, 1].
 * @returns Corrected values in the same order, in [0, 1], none below the original.
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
