/** The progress of an attack on many images. */

import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import { percentText } from '../../report/number-text.js'
import { type JobContext, startTask } from '../job.js'

/**
 * Follows an attack: of one round by its images, of several by passes through the model, because images leave it early
 * and rounds differ in length. The passes that are left are those if no further image is fooled.
 * @param images Their number. @param several Whether the attack has several rounds.
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
				// The bound first: what does not fit into a terminal is cut at its end.
				const share = roundNumber > 0 ? `at most ${percentText(standing / total)} robust, ` : ''
				task.update(work.done, `${share}${round} (${roundNumber}/${rounds})`, Math.ceil(work.done + work.left))
				return
			}
			// A batch can take long: its part that is done counts as so many images.
			const reached = roundNumber > 0 ? done + underWay : done
			// The first to be done are those that are wrong when clean: a share of them says nothing yet.
			task.update(Math.min(total, Math.floor(reached)), attacked > 0 ? `${percentText(robust / done)} robust` : '')
		},
		end: task.end,
	}
}
