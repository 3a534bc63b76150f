/** Limits how many actions run at once. */

/** Runs actions, at most `count` at a time, in the order of the calls. */
export function slots(count: number): <T>(action: () => Promise<T>) => Promise<T> {
	const waiting: (() => void)[] = []
	let free = count
	return async (action) => {
		if (free > 0) free--
		else await new Promise<void>((resolve) => waiting.push(resolve))
		try {
			return await action()
		} finally {
			// A slot passes straight to the next in the queue, so that no other caller can take it.
			const next = waiting.shift()
			if (next) next()
			else free++
		}
	}
}
