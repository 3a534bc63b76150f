/** Ends the process at once. */

import { cleanUp } from '../files/at-exit.js'
import { stopCalls } from '../runtime/node/busy-flag.js'
import { exitCodes } from './exit-codes.js'

/** Signals that stop a command, with their exit codes. */
export const stopSignals = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const

/** Milliseconds that an engine call gets to finish. */
const patience = 100

/**
 * Ends the process as this signal would, whatever its threads do. A normal exit would wait for a running engine call, which
 * cannot be cut short; in that case the process kills itself with the signal, and a shell reports the same code.
 */
export function leave(signal: keyof typeof stopSignals): void {
	cleanUp()
	if (stopCalls(patience)) process.exit(stopSignals[signal])
	process.removeAllListeners(signal)
	process.kill(process.pid, signal)
}
