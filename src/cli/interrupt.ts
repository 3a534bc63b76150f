/** Ctrl-C: once to finish the step under way and save, twice to leave at once. */

import { exitCodes } from './exit-codes.js'

/** A command's way of being stopped. */
export interface Interrupt {
	/** Aborted by the first signal. */
	readonly signal: AbortSignal
	/** The exit code of the signal that came, if one came. */
	code(): number | undefined
	/** Gives the signals back. */
	dispose(): void
}

/**
 * Listens for Ctrl-C and SIGTERM.
 * @param announce Told at the first signal; the second one ends the process.
 * @param leave Called before the process ends at once.
 */
export function createInterrupt(announce: () => void, leave: () => void = () => {}): Interrupt {
	const controller = new AbortController()
	let code: number | undefined
	const on = (own: number) => () => {
		if (code !== undefined) {
			leave()
			process.exit(own)
		}
		code = own
		controller.abort()
		announce()
	}
	const handlers = { SIGINT: on(exitCodes.interrupted), SIGTERM: on(exitCodes.terminated) }
	for (const [name, handler] of Object.entries(handlers)) process.on(name, handler)
	return {
		signal: controller.signal,
		code: () => code,
		dispose() {
			for (const [name, handler] of Object.entries(handlers)) process.off(name, handler)
		},
	}
}
