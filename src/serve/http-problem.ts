/** Turns errors into HTTP answers. */

import type { ErrorCode } from '../core/error-codes.js'
import { NaptuneError } from '../core/errors.js'

/** An error with its own HTTP status. */
export class HttpProblem extends NaptuneError {
	constructor(
		readonly status: number,
		code: ErrorCode,
		message: string,
		readonly headers: Readonly<Record<string, string>> = {},
	) {
		super(code, message)
	}
}

/** The content of an error answer. */
export interface ToldProblem {
	readonly status: number
	readonly code: ErrorCode
	readonly message: string
	readonly headers: Readonly<Record<string, string>>
}

/** The status for a client that left before its answer; only the log shows it. */
export const clientLeft = 499

/** Errors that the sender of a request can fix. */
const unprocessable: ReadonlySet<ErrorCode> = new Set([
	'NAP_IMAGE_DAMAGED',
	'NAP_INPUT_UNSUITABLE',
	'NAP_TEXT_UNSUITABLE',
	'NAP_OPTION_INVALID',
	'NAP_DATA_INVALID',
])

/** Converts an error to an answer. Server faults go to the log, not to the client. */
export function told(error: unknown): ToldProblem {
	if (error instanceof HttpProblem) {
		const { status, code, message, headers } = error
		return { status, code, message, headers }
	}
	if (error instanceof NaptuneError && unprocessable.has(error.code)) {
		return { status: 422, code: error.code, message: error.message, headers: {} }
	}
	if (error instanceof NaptuneError && error.code === 'NAP_SERVER_BUSY') {
		return { status: 429, code: error.code, message: error.message, headers: { 'Retry-After': '1' } }
	}
	const code = error instanceof NaptuneError ? error.code : 'NAP_INTERNAL'
	return { status: 500, code, message: 'The server could not answer. Its log has the reason.', headers: {} }
}
