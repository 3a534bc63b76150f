/** A bound on how much goes on at once. */

/** Runs work in the order in which it was handed in, no more than `most` at a time. @throws What the work throws. */
export function slots(most: number): <T>(work: () => Promise<T>) => Promise<T> {
	let taken = 0
	const waiting: (() => void)[] = []
	return async (work) => {
		// Whoever leaves hands its slot to the first that waits.
		if (taken < most) taken++
		else await new Promise<void>((resolve) => waiting.push(resolve))
		try {
			return await work()
		} finally {
			const next = waiting.shift()
			if (next) next()
			else taken--
		}
	}
}
