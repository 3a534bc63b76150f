import type { ErrorCode } from './error-codes.js'

/**
 * An error a person can act on: what was given, what was expected, what to do.
 * The command line prints its message without a stack trace.
 */
export class NaptuneError extends Error {
	/**
	 * @param code What kind of fault it is, for programs; see `errorCodes`.
	 * @param message What was given, what was expected and what to do about it.
	 * @param options.cause The lower-level error, where there is one.
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

/** Characters of one message: what a file holds may be told entry by entry, and have a million of them. */
const longestMessage = 4000

function readable(message: string): string {
	if (message.length <= longestMessage) return message
	return `${message.slice(0, longestMessage)}… (${message.length - longestMessage} more characters)`
}
