/** Prints what experiments report while they run. */

import type { ExperimentEvent } from '../../jobs/common/follow-cells.js'
import type { JobContext } from '../../jobs/job.js'
import type { Progress } from '../progress.js'
import { percent, percentInterval } from './format.js'
import { epochLines } from './tuning-text.js'

/** A line whenever a cell starts, is measured or fails. @param epochs Whether to print every tuning epoch, too. */
export function experimentLines(
	progress: Pick<Progress, 'line'>,
	{ epochs = false }: { readonly epochs?: boolean } = {},
): JobContext<ExperimentEvent>['onEvent'] {
	let tellEpoch = epochLines(progress)
	return (event) => {
		switch (event.kind) {
			case 'tuning':
				if (epochs) progress.line(`Tuning ${event.cell}`)
				// Every run gets a new heading above its epochs.
				tellEpoch = epochLines(progress)
				return
			case 'epoch':
				if (epochs) tellEpoch({ kind: 'epoch', record: event.record, epochs: event.epochs })
				return
			case 'measured': {
				const { cell, condition, robust, images } = event
				progress.line(
					`${cell}, ${condition}: ${percent(robust.accuracy).trim()} ${percentInterval(robust.interval)} of ${images}`,
				)
				return
			}
			case 'problem':
				progress.line(`problem: ${event.cell}: ${event.message}`)
		}
	}
}
