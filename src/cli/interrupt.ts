/** Ctrl-C: once to finish the step under way and save, twice to leave at once. */

import { leave, stopSignals } from './leave.js'

/** A command's way of being stopped. */
export interface Interrupt {
	/** Aborted by the first signal. */
	readonly signal: AbortSignal
	/** The exit code of the signal that came, if one came. */
	code(): number | undefined
	/** Gives the signals back. */
	dispose(): void
}

/** Listens for Ctrl-C and SIGTERM. @param announce Called at the first signal; the second one ends the process. */
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
