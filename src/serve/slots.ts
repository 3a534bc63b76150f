/** Limits concurrent work. */

/** Runs work in the order of the calls, at most `most` at a time. @throws What the work throws. */
export function slots(most: number): <T>(work: () => Promise<T>) => Promise<T> {
	let taken = 0
	const waiting: (() => void)[] = []
	return async (work) => {
		// Finished work hands its slot to the first in line.
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
