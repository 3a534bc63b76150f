/** Runs a round on two halves of a batch at a time, so that the engine does not wait for the attack. */

import { joinRows, range } from '../../core/rows.js'
import { type AttackRound, type AttackRun, rowsOf } from './attack-round.js'

/** Smallest useful half; with fewer images, the engine loses more time per image than the overlap saves. */
const smallestHalf = 8

/**
 * Runs a round on a batch. While the engine computes one half, this thread updates the other; because images are
 * independent, the bytes equal those of the whole batch.
 * @throws NaptuneError as the round, from the half that fails first, once the other has finished.
 */
export async function runPipelined(
	{ run }: Pick<AttackRound, 'run'>,
	...[classifier, batch, ...others]: Parameters<AttackRun>
): ReturnType<AttackRun> {
	const count = batch.ids.length
	if (!classifier.pipelined || count < 2 * smallestHalf) return run(classifier, batch, ...others)
	const middle = Math.ceil(count / 2)
	const halves = await Promise.allSettled(
		[range(0, middle), range(middle, count)].map((rows) => run(classifier, rowsOf(batch, rows), ...others)),
	)
	return joinRows(
		halves.map((half) => {
			if (half.status === 'rejected') throw half.reason
			return half.value
		}),
	)
}
