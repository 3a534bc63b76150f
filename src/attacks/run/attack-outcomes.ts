/** What an attack made of images: single trials, and what they add up to. */

import type { AttackOutcome, AttackTrial } from '../../records/parts/outcome.js'
import type { AttackRound } from './attack-round.js'

export type { AttackOutcome, AttackTrial } from '../../records/parts/outcome.js'

/** The round of a trial that tells the clean prediction. */
export const cleanRound = 'clean'

/** Whether an image counts as robust: right when clean, and right under attack. */
export function isRobust({ label, cleanPrediction, adversarialPrediction }: AttackOutcome): boolean {
	return cleanPrediction === label && adversarialPrediction === label
}

/** Names of an attack's stages, in order. */
export function stageNames(rounds: readonly AttackRound[]): string[] {
	return [...new Set(rounds.map(({ stage }) => stage))]
}

/** Where one image stands. */
export interface ImageState {
	readonly id: string
	readonly label: number
	/** Prediction on the clean image, once known. */
	readonly clean: number | undefined
	/** Position of the round that comes next. */
	readonly next: number
	/** Prediction on the last candidate. */
	readonly last: number | undefined
	/** Whether nothing more is tried on it. */
	readonly finished: boolean
}

/** How rounds are followed. */
export interface RoundPlan {
	readonly rounds: readonly AttackRound[]
	/** Whether images that are wrong when clean are left alone. */
	readonly skipWrong: boolean
	/** Whether the attack wants this target rather than any other class than the label. */
	readonly target?: number | undefined
}

/** An image that nothing is known of. */
export function freshState(id: string, label: number): ImageState {
	return { id, label, clean: undefined, next: 0, last: undefined, finished: false }
}

/**
 * The state after one trial more. A trial that does not come next, such as one told twice by a log, changes nothing.
 */
export function afterTrial(state: ImageState, { round, prediction }: AttackTrial, plan: RoundPlan): ImageState {
	const { rounds, skipWrong, target } = plan
	if (state.finished) return state
	if (state.clean === undefined) {
		if (round !== cleanRound) return state
		const finished = rounds.length === 0 || (skipWrong && prediction !== state.label)
		return { ...state, clean: prediction, finished }
	}
	if (round !== rounds[state.next]?.name) return state
	const next = state.next + 1
	const reached = target === undefined ? prediction !== state.label : prediction === target
	return { ...state, next, last: prediction, finished: reached || next === rounds.length }
}

/** The outcome of an image that is finished. */
export function outcomeOf({ id, label, clean, last, next }: ImageState, rounds: readonly AttackRound[]): AttackOutcome {
	const outcome = {
		id,
		label,
		cleanPrediction: clean!,
		adversarialPrediction: last ?? clean!,
		attacked: last !== undefined,
	}
	const fooled = clean === label && last !== undefined && last !== label
	return fooled && stageNames(rounds).length > 1 ? { ...outcome, stage: rounds[next - 1]!.stage } : outcome
}
