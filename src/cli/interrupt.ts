/** Handles Ctrl-C: the first finishes the current step and saves, the second leaves at once. */

import { leave, stopSignals } from './leave.js'

/** How a command learns that it should stop. */
export interface Interrupt {
	/** Aborted by the first signal. */
	readonly signal: AbortSignal
	/** The exit code for the signal received, if any. */
	code(): number | undefined
	/** Stops listening to the signals. */
	dispose(): void
}

/** Listens for Ctrl-C and SIGTERM. @param announce Called at the first signal; the second ends the process. */
export function createInterrupt(announce: () => void): Interrupt {
	const controller = new AbortController()
	let code: number | undefined
	const on = (name: keyof typeof stopSignals) => () => {
		if (code !== undefined) leave(name)
		code = stopSignals[name]
		controller.abort()
		announce()
	}
	const handlers = { SIGINT: on('SIGINT'), SIGTERM: on('SIGTERM') }
	for (const [name, handler] of Object.entries(handlers)) process.on(name, handler)
	return {
		signal: controller.signal,
		code: () => code,
		dispose() {
			for (const [name, handler] of Object.entries(handlers)) process.off(name, handler)
		},
	}
}
