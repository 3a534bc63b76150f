/** Ends a job soon after its signal, even if its work cannot react to the signal. */

import { stopped } from './stopped.js'

/** Milliseconds that a job may continue after the signal while no step is under way. */
const patience = 1000
const interval = 100

/**
 * Returns the result of work, or stops waiting one second after the signal. While a step is under way it keeps waiting,
 * since work checks the signal after each step. Abandoned work continues in the background until its next check.
 * @param stepping Whether a step is under way.
 * @throws NaptuneError with code NAP_STOPPED when the signal came and no step was under way; otherwise whatever the work
 * throws.
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
