/** Errors of jobs that a signal stopped. */

import { NaptuneError } from '../../core/errors.js'

/** Creates the error of a stopped job. @param message What was saved and how to continue. */
export function stopped(message = 'Stopped.'): NaptuneError {
	return new NaptuneError('NAP_STOPPED', message)
}

/** Creates the error of a stopped training. @param savedSteps Steps in the saved state. @param where Place of that state. */
export function stoppedTraining(savedSteps: number, where: string): NaptuneError {
	return stopped(
		savedSteps > 0
			? `Stopped. The state after step ${savedSteps} is saved ${where}; run the same command again to resume.`
			: 'Stopped before the first step finished, so there is nothing to save; run the same command to start over.',
	)
}

/** For work without state to save. @throws NaptuneError with code NAP_STOPPED when the signal stopped the job. */
export function stopIfAsked({ signal }: { readonly signal: AbortSignal }): void {
	if (signal.aborted) throw stopped()
}
