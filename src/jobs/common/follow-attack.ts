/** Reports the progress of an attack on many images. */

import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import { percentText } from '../../report/number-text.js'
import { type JobContext, startTask } from '../job.js'

/**
 * Counts images if the attack has one round. With several rounds it counts passes through the model, because fooled images
 * drop out early and rounds differ in length; the remaining passes assume that no further image is fooled.
 * @param images Number of images. @param several Whether the attack has several rounds.
 */
export function followAttack(
	context: Pick<JobContext, 'onProgress'>,
	label: string,
	images: number,
	several: boolean,
): { tell(counts: AttackCounts): void; end(): void } {
	const task = startTask(context, label, several ? 1 : images, several ? 'forward passes' : 'images')
	return {
		tell(counts) {
			const { done, total, attacked, robust, standing, round, roundNumber, rounds, underWay, work } = counts
			if (several) {
				// The bound comes first, because a terminal cuts long lines at their end.
				const share = roundNumber > 0 ? `at most ${percentText(standing / total)} robust, ` : ''
				task.update(work.done, `${share}${round} (${roundNumber}/${rounds})`, Math.ceil(work.done + work.left))
				return
			}
			// A batch can take long, so its finished part counts as that many images.
			const reached = roundNumber > 0 ? done + underWay : done
			// Images that are wrong when clean finish first; their share says nothing yet.
			task.update(Math.min(total, Math.floor(reached)), attacked > 0 ? `${percentText(robust / done)} robust` : '')
		},
		end: task.end,
	}
}
