/** A round of an attack on two halves of a batch at a time, so that the engine need not wait for the attack. */

import { joinRows, range } from '../../core/rows.js'
import { type AttackRound, type AttackRun, rowsOf } from './attack-round.js'

/** Images that a half should have at least; with fewer the engine takes longer per image than the overlap saves. */
const smallestHalf = 8

/**
 * Runs a round on a batch. While the engine computes for one half, this thread moves the other; since no image's result
 * depends on the others, they are the same bytes as of the whole batch.
 * @throws NaptuneError as the round, of the half that fails first; the other one is waited for.
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
