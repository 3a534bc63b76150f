/** A bound on how many things are done at once. */

/** Runs actions, at most `count` at a time, in the order in which they were asked for. */
export function slots(count: number): <T>(action: () => Promise<T>) => Promise<T> {
	const waiting: (() => void)[] = []
	let free = count
	return async (action) => {
		if (free > 0) free--
		else await new Promise<void>((resolve) => waiting.push(resolve))
		try {
			return await action()
		} finally {
			// A slot goes straight to the next in the queue, so that nobody can come between.
			const next = waiting.shift()
			if (next) next()
			else free++
		}
	}
}
