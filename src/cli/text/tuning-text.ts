/** A tuning run, for people: a line per epoch, and the end. */

import { shellWord } from '../../core/shell-word.js'
import type { JobContext, JobResult } from '../../jobs/job.js'
import type { TuneEvent, tune } from '../../jobs/tune.js'
import type { EpochRecord } from '../../methods/tuning/tune.js'
import type { Progress } from '../progress.js'
import { counted, duration, grouped, percent } from './format.js'

const heading = 'epoch     rate  alpha   clean loss  accuracy   attacked loss  accuracy'

/** Prints every epoch below a heading. */
export function epochLines(progress: Pick<Progress, 'line'>): JobContext<TuneEvent>['onEvent'] {
	let begun = false
	return ({ record, epochs }) => {
		if (!begun) progress.line(heading)
		begun = true
		progress.line(epochLine(record, epochs))
	}
}

function epochLine(record: EpochRecord, epochs: number): string {
	const { epoch, learningRate, alpha, cleanLoss, cleanAccuracy, adversarialLoss, adversarialAccuracy } = record
	return [
		`${epoch + 1}/${epochs}`.padStart(5),
		learningRate.toExponential(1).padStart(9),
		alpha.toFixed(2).padStart(7),
		cleanLoss.toFixed(3).padStart(13),
		percent(cleanAccuracy).padStart(10),
		(adversarialLoss === null ? 'no attack' : adversarialLoss.toFixed(3)).padStart(16),
		(adversarialAccuracy === null ? '' : percent(adversarialAccuracy)).padStart(10),
	]
		.join('')
		.trimEnd()
}

/**
 * What was tuned, its accuracy on its own training images, and the next step. @param output The output folder as the user
 * gave it.
 */
export function tunedText(result: JobResult<typeof tune>, output: string): string {
	const { trainableParameters, defense, seconds, residentBytes, lastEpoch } = result
	return [
		`Tuned ${counted(trainableParameters, 'parameter')} of ${defense} in ${duration(seconds)}; the process used ${grouped(Math.round(residentBytes / 2 ** 20))} MB.`,
		...(lastEpoch
			? [
					`On its training images: clean ${share(lastEpoch.cleanAccuracy)}, under the inner attack ${share(lastEpoch.adversarialAccuracy)}.`,
				]
			: []),
		`The run is in ${result.output}. To measure it: naptune evaluate ${shellWord(output)}`,
	].join('\n')
}

function share(value: number | null): string {
	return value === null ? 'not measured' : percent(value).trim()
}
