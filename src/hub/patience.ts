/** Waiting for others, with an end to it. */

/** How long to wait, and what happens meanwhile. */
export interface Patience {
	/** Seconds after which waiting ends. */
	readonly seconds: number
	/** When waiting began, as `performance.now()` tells; now by default. */
	readonly since?: number
	/** Called with the seconds waited, four times a second; what it throws ends the waiting. */
	readonly onWaiting?: ((seconds: number) => void) | undefined
	/** The error at the end. */
	readonly giveUp: () => Error
}

/** Milliseconds between two looks at the clock. */
const tick = 250

/**
 * What `work` gives, or an error where that takes too long. The work itself is not ended; who started it has to.
 * @throws What `giveUp` makes, what `onWaiting` throws, or what the work throws.
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
		// Where waiting ended first, nobody listens to how the work ends.
		work.catch(() => {})
	}
}
