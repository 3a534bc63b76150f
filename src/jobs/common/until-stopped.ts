/** A job that ends soon after it was asked to stop, also where what it does cannot be asked. */

import { stopped } from './stopped.js'

/** Milliseconds that a job may go on where no step of it is under way. */
const patience = 1000
const interval = 100

/**
 * The result of work, or the end of waiting for it: a second after the signal, unless a step is under way, after which work
 * looks at the signal itself. What is not waited for goes on in the background until then.
 * @param stepping Whether a step is under way.
 * @throws NaptuneError with code NAP_STOPPED when the signal came and no step was under way; what the work throws.
 */
export function untilStopped<T>(work: () => Promise<T>, signal: AbortSignal, stepping: () => boolean): Promise<T> {
	return new Promise((resolve, reject) => {
		if (signal.aborted) {
			reject(stopped())
			return
		}
		let timer: NodeJS.Timeout | undefined
		let idle = 0
		const look = () => {
			idle = stepping() ? 0 : idle + interval
			if (idle < patience) return
			settle()
			reject(stopped())
		}
		const watch = () => {
			timer = setInterval(look, interval)
		}
		const settle = () => {
			signal.removeEventListener('abort', watch)
			clearInterval(timer)
		}
		signal.addEventListener('abort', watch, { once: true })
		work().finally(settle).then(resolve, reject)
	})
}
