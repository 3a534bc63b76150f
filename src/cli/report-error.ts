/** Reports errors to people and scripts. */

import { CommanderError } from 'commander'
import type { ErrorCode } from '../core/error-codes.js'
import { NaptuneError } from '../core/errors.js'
import { plainJson, plainText } from '../core/plain-text.js'
import { coloured } from './colour.js'
import { exitCodes, FailedCheck, Interruption } from './exit-codes.js'
import { wrapped } from './wrapped.js'

/** How to report an error. */
interface Told {
	readonly code: ErrorCode
	readonly message: string
	readonly exitCode: number
}

/**
 * Prints an error on stderr, and with --json also as `{ "error": { "code", "message", "exitCode" } }` on stdout. A failed
 * check has already been printed as the result.
 * @returns The exit code.
 */
export function reportError(error: unknown, json: boolean): number {
	if (error instanceof FailedCheck) return error.exitCode
	const told = describe(error)
	if (told.exitCode === exitCodes.success) return told.exitCode
	// Commander has already printed its message.
	if (!(error instanceof CommanderError))
		process.stderr.write(
			`${coloured(wrapped(plainText(text(error, told.message), 'shown'), process.stderr), process.stderr)}\n`,
		)
	if (json) process.stdout.write(`${plainJson(JSON.stringify({ error: told }, null, 2))}\n`)
	return told.exitCode
}

function describe(error: unknown): Told {
	if (error instanceof CommanderError) {
		// Help and version are not errors.
		const exitCode = error.exitCode === 0 ? exitCodes.success : exitCodes.usage
		return { code: 'NAP_USAGE', message: error.message.replace(/^error: /, ''), exitCode }
	}
	const message = error instanceof Error ? error.message : String(error)
	if (error instanceof Interruption) return { code: 'NAP_STOPPED', message, exitCode: error.exitCode }
	const code = error instanceof NaptuneError ? error.code : 'NAP_INTERNAL'
	return { code, message, exitCode: exitCodes.failure }
}

function text(error: unknown, message: string): string {
	if (error instanceof Interruption) return message
	if (error instanceof NaptuneError) {
		return process.env.NAPTUNE_DEBUG === '1' ? `error: ${stackOf(error)}` : `error: ${message}`
	}
	return `${stackOf(error)}\n\nThis is a bug in naptune, not something you did. Please report it with the lines above and the command that you ran.`
}

function stackOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error)
	const own = error.stack ?? error.message
	return error.cause === undefined ? own : `${own}\ncaused by: ${stackOf(error.cause)}`
}
