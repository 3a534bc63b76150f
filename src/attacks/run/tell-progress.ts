/** Where an attack stands, told after every pass through a model. */

import { type PassCounter, workOf } from '../../classifier/pass-counter.js'
import { at } from '../../core/at.js'
import { cleanRound, type ImageState } from './attack-outcomes.js'
import type { AttackRound } from './attack-round.js'

/** Where an attack stands. Counts include what a run before had done. */
export interface AttackCounts {
	/** Images that are finished. */
	readonly done: number
	readonly total: number
	/** Images of those that were attacked. */
	readonly attacked: number
	/** Finished images predicted right, clean and under attack. */
	readonly robust: number
	/** Images that no round has fooled yet, of those whose clean prediction is known and right. */
	readonly standing: number
	/** Name of the round under way, `clean` for clean predictions. */
	readonly round: string
	/** Its place among all rounds, counted from 1; 0 for clean predictions. */
	readonly roundNumber: number
	readonly rounds: number
	/** How many images the part of the batch that is done amounts to; fewer than it has. */
	readonly underWay: number
	/** In forward passes of one image: done by this run, and left at most. Images that are fooled early leave less. */
	readonly work: { readonly done: number; readonly left: number }
}

/** What is told by its parts. */
export interface ToldProgress {
	/** A batch begins. @param roundNumber From 1; 0 for clean predictions. */
	begin(roundNumber: number, images: number): void
	/** It has ended, and its trials are taken in. */
	end(): void
	/** Nothing more is told. */
	close(): void
}

/** Tells `onProgress` where the attack stands: after every pass that the counter sees, and after every batch. */
export function tellProgress(
	onProgress: ((counts: AttackCounts) => void) | undefined,
	states: readonly ImageState[],
	rounds: readonly AttackRound[],
	counter: PassCounter,
): ToldProgress {
	if (!onProgress) return { begin() {}, end() {}, close() {} }
	/** Work from each round on, the clean passes of candidates included. */
	const workFrom = [0]
	for (const { cost } of rounds.toReversed()) workFrom.unshift(workOf(cost) + 1 + at(workFrom, 0))
	const first = workOf(counter.passes())
	const right = (state: ImageState) => state.clean === state.label && (state.last ?? state.label) === state.label
	/** What batches that have ended amount to. */
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
