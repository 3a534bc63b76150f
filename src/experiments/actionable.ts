/** Errors that are told while the rest goes on. */

import { NaptuneError } from '../core/errors.js'

/** An error that says what to do, as a value, for `catch`; any other one is a fault of the program and is thrown on. */
export function actionable(error: unknown): NaptuneError {
	if (error instanceof NaptuneError) return error
	throw error
}
