/** How a job says that it was stopped. */

import { NaptuneError } from '../../core/errors.js'

/** An error that says a signal stopped the job. @param message What was saved and how to go on. */
export function stopped(message = 'Stopped.'): NaptuneError {
	return new NaptuneError('NAP_STOPPED', message)
}

/** For work that has nothing to save. @throws NaptuneError with code NAP_STOPPED when the job was asked to stop. */
export function stopIfAsked({ signal }: { readonly signal: AbortSignal }): void {
	if (signal.aborted) throw stopped()
}
