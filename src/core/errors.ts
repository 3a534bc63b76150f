import type { ErrorCode } from './error-codes.js'

/**
 * An error that a person can act on: it says what was given, what was expected and what to do. The command line prints its
 * message without a stack trace.
 */
export class NaptuneError extends Error {
	/**
	 * @param code The kind of fault, for programs; see `errorCodes`.
	 * @param message What was given, what was expected, and what to do.
	 * @param options.cause The underlying error, if any.
	 */
	constructor(
		readonly code: ErrorCode,
		message: string,
		options?: { cause?: unknown },
	) {
		super(readable(message), options)
		this.name = 'NaptuneError'
	}
}

/** Most characters of one message: a message may list the entries of a file, and a file may have a million. */
const longestMessage = 4000

function readable(message: string): string {
	if (message.length <= longestMessage) return message
	return `${message.slice(0, longestMessage)}… (${message.length - longestMessage} more characters)`
}
