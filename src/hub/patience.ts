/** Waits for others, with a limit. */

/** How long to wait, and what happens meanwhile. */
export interface Patience {
	/** Seconds after which waiting ends. */
	readonly seconds: number
	/** Start of the wait, from `performance.now()`; default: now. */
	readonly since?: number
	/** Called with the seconds waited, four times a second; if it throws, the wait ends. */
	readonly onWaiting?: ((seconds: number) => void) | undefined
	/** The error at the end. */
	readonly giveUp: () => Error
}

/** Milliseconds between checks of the clock. */
const tick = 250

/**
 * The result of `work`, or an error if it takes too long. The work itself continues; its owner must end it.
 * @throws The error from `giveUp`, or whatever `onWaiting` or the work throws.
 */
export async function patiently<T>(work: Promise<T>, patience: Patience): Promise<T> {
	const { seconds, since = performance.now(), onWaiting, giveUp } = patience
	let timer: NodeJS.Timeout | undefined
	const tooLong = new Promise<never>((_, reject) => {
		timer = setInterval(() => {
			const waited = (performance.now() - since) / 1000
			try {
				onWaiting?.(waited)
			} catch (error) {
				reject(error)
			}
			if (waited >= seconds) reject(giveUp())
		}, tick)
	})
	try {
		return await Promise.race([work, tooLong])
	} finally {
		clearInterval(timer)
		// If the wait ended first, nobody handles the work's failure.
		work.catch(() => {})
	}
}
