/** How errors reach people and scripts. */

import { CommanderError } from 'commander'
import { NaptuneError } from '../core/errors.js'
import { plainJson, plainText } from '../core/plain-text.js'
import { exitCodes, FailedCheck, Interruption } from './exit-codes.js'

/**
 * Tells an error on stderr, and with --json also as `{ "error": { "message", "exitCode" } }` on stdout. A failed check was told
 * as the result.
 * @returns The exit code.
 */
export function reportError(error: unknown, json: boolean): number {
	if (error instanceof FailedCheck) return error.exitCode
	const { code, message, told } = describe(error)
	if (code === exitCodes.success) return code
	if (!told) process.stderr.write(`${plainText(text(error, message), 'shown')}\n`)
	if (json) process.stdout.write(`${plainJson(JSON.stringify({ error: { message, exitCode: code } }, null, 2))}\n`)
	return code
}

function describe(error: unknown): { readonly code: number; readonly message: string; readonly told: boolean } {
	if (error instanceof CommanderError) {
		// Commander has written its message by now; help and version are not errors.
		const code = error.exitCode === 0 ? exitCodes.success : exitCodes.usage
		return { code, message: error.message.replace(/^error: /, ''), told: true }
	}
	const message = error instanceof Error ? error.message : String(error)
	const code = error instanceof Interruption ? error.exitCode : exitCodes.failure
	return { code, message, told: false }
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
