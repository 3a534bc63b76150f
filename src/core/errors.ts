import { type ErrorCode, isErrorCode } from './error-codes.js'

/**
 * An error a person can act on: what was given, what was expected, what to do.
 * The command line prints its message without a stack trace.
 */
export class NaptuneError extends Error {
	/** What kind of fault it is, for programs; the message is for people. */
	readonly code: ErrorCode

	/**
	 * @param code See `errorCodes`.
	 * @param message What was given, what was expected and what to do about it.
	 * @param options.cause The lower-level error, where there is one.
	 */
	constructor(code: ErrorCode, message: string, options?: { cause?: unknown })
	/** Without a code, until every place has one. */
	constructor(message: string, options?: { cause?: unknown })
	constructor(...given: readonly [string, (string | { cause?: unknown })?, { cause?: unknown }?]) {
		const [first, second, third] = given
		const coded = isErrorCode(first) && typeof second === 'string'
		super(coded ? second : first, coded ? third : typeof second === 'object' ? second : undefined)
		this.name = 'NaptuneError'
		this.code = coded ? first : 'NAP_UNCLASSIFIED'
	}
}
