/** Ending the process at once. */

import { cleanUp } from '../files/at-exit.js'
import { stopCalls } from '../runtime/node/busy-flag.js'
import { exitCodes } from './exit-codes.js'

/** Signals that stop a command, with the exit codes that say so. */
export const stopSignals = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const

/** Milliseconds that a call of an engine has left to end. */
const patience = 100

/**
 * Ends the process as this signal does, whatever its threads do. An exit would wait for a call of an engine, which cannot be
 * cut short; then the process ends by the signal itself, which a shell tells by the same code.
 */
export function leave(signal: keyof typeof stopSignals): void {
	cleanUp()
	if (stopCalls(patience)) process.exit(stopSignals[signal])
	process.removeAllListeners(signal)
	process.kill(process.pid, signal)
}
