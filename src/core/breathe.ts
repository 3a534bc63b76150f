/** Long loops that let signals and timers through. */

/**
 * For a loop without other pauses: `await` what the function gives, once a round.
 * @param milliseconds The loop runs that long at a time.
 * @returns A function that gives a promise when it is time to pause, and undefined otherwise, which costs nothing.
 */
export function breather(milliseconds = 50): () => Promise<void> | undefined {
	let last = performance.now()
	return () => {
		if (performance.now() - last < milliseconds) return undefined
		return new Promise((resolve) => {
			// Not a resolved promise: only a turn of the event loop sees signals.
			setTimeout(() => {
				last = performance.now()
				resolve()
			}, 0)
		})
	}
}
