/** Handles errors that are reported while the rest continues. */

import { NaptuneError } from '../core/errors.js'

/** Returns an error that says what to do, for `catch`; rethrows any other one as a bug. */
export function actionable(error: unknown): NaptuneError {
	if (error instanceof NaptuneError) return error
	throw error
}
