/** Reports an attack's progress after every pass through a model. */

import { type PassCounter, workOf } from '../../classifier/pass-counter.js'
import { at } from '../../core/at.js'
import { cleanRound, type ImageState } from './attack-outcomes.js'
import type { AttackRound } from './attack-round.js'

/** The progress of an attack. Counts include those of an earlier run. */
export interface AttackCounts {
	/** Finished images. */
	readonly done: number
	readonly total: number
	/** Attacked images among them. */
	readonly attacked: number
	/** Finished images that are predicted right, clean and under attack. */
	readonly robust: number
	/** Images with a right clean prediction that no round has fooled yet. */
	readonly standing: number
	/** Name of the current round, `clean` for clean predictions. */
	readonly round: string
	/** Its position among all rounds, counted from 1; 0 for clean predictions. */
	readonly roundNumber: number
	readonly rounds: number
	/** The finished part of the current batch, in images; less than the batch. */
	readonly underWay: number
	/** In forward passes of one image: done by this run, and at most left. Images that are fooled early leave less. */
	readonly work: { readonly done: number; readonly left: number }
}

/** Hooks for the phases of a batch. */
export interface ToldProgress {
	/** A batch starts. @param roundNumber From 1; 0 for clean predictions. */
	begin(roundNumber: number, images: number): void
	/** The batch has ended, and its trials are recorded. */
	end(): void
	/** Stops all reports. */
	close(): void
}

/** Calls `onProgress` with the attack's progress after every pass that the counter sees, and after every batch. */
export function tellProgress(
	onProgress: ((counts: AttackCounts) => void) | undefined,
	states: readonly ImageState[],
	rounds: readonly AttackRound[],
	counter: PassCounter,
): ToldProgress {
	if (!onProgress) return { begin() {}, end() {}, close() {} }
	/** Work from each round on, including the passes that classify candidates. */
	const workFrom = [0]
	for (const { cost } of rounds.toReversed()) workFrom.unshift(workOf(cost) + 1 + at(workFrom, 0))
	const first = workOf(counter.passes())
	const right = (state: ImageState) => state.clean === state.label && (state.last ?? state.label) === state.label
	/** Work of finished batches. */
	const settle = () => {
		const finished = states.filter((state) => state.finished)
		return {
			begun: workOf(counter.passes()),
			left: states.reduce(
				(sum, { finished, clean, next }) => sum + (finished ? 0 : at(workFrom, next) + (clean === undefined ? 1 : 0)),
				0,
			),
			counts: {
				done: finished.length,
				total: states.length,
				attacked: finished.filter(({ last }) => last !== undefined).length,
				robust: finished.filter(right).length,
				standing: states.filter(right).length,
			},
		}
	}
	let settled = settle()
	let roundNumber = 0
	let images = 0
	const tell = () => {
		const { begun, left, counts } = settled
		const now = workOf(counter.passes())
		const round = rounds[roundNumber - 1]
		const bound = images * ((round ? workOf(round.cost) : 0) + 1)
		onProgress({
			...counts,
			round: round?.name ?? cleanRound,
			roundNumber,
			rounds: rounds.length,
			underWay: bound > 0 ? images * Math.min(1, (now - begun) / bound) : 0,
			work: { done: now - first, left: Math.max(0, left - (now - begun)) },
		})
	}
	const close = counter.listen(tell)
	return {
		begin(number, count) {
			roundNumber = number
			images = count
		},
		end() {
			images = 0
			settled = settle()
			tell()
		},
		close,
	}
}
