/** How a job says that it was stopped. */

import { NaptuneError } from '../../core/errors.js'

/** An error that says a signal stopped the job. @param message What was saved and how to go on. */
export function stopped(message = 'Stopped.'): NaptuneError {
	return new NaptuneError('NAP_STOPPED', message)
}

/** The same of a training: no more than what is true. @param savedSteps In the saved state. @param where It lies. */
export function stoppedTraining(savedSteps: number, where: string): NaptuneError {
	return stopped(
		savedSteps > 0
			? `Stopped. The state after step ${savedSteps} is saved ${where}; run the same command again to resume.`
			: 'Stopped before the first step was done, so there is nothing to save; the same command begins anew.',
	)
}

/** For work that has nothing to save. @throws NaptuneError with code NAP_STOPPED when the job was asked to stop. */
export function stopIfAsked({ signal }: { readonly signal: AbortSignal }): void {
	if (signal.aborted) throw stopped()
}
