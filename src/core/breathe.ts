/** Keeps long loops responsive to signals and timers. */

/**
 * For a loop with no other pauses: `await` the function's result once per iteration.
 * @param milliseconds How long the loop runs between pauses.
 * @returns A function that returns a promise when a pause is due, and undefined otherwise, which costs nothing.
 */
export function breather(milliseconds = 50): () => Promise<void> | undefined {
	let last = performance.now()
	return () => {
		if (performance.now() - last < milliseconds) return undefined
		return new Promise((resolve) => {
			// A resolved promise is not enough: signals arrive only on a turn of the event loop.
			setTimeout(() => {
				last = performance.now()
				resolve()
			}, 0)
		})
	}
}
