/** What an attack made of images: single trials, and what they add up to. */

import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
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
export function stageNames(rounds: readonly Pick<AttackRound, 'stage'>[]): string[] {
	return [...new Set(rounds.map(({ stage }) => stage))]
}

/** Where one image stands. */
export interface ImageState {
	readonly id: string
	/** Its true class; undefined where only a target is known. */
	readonly label: number | undefined
	/** Prediction on the clean image, once known. */
	readonly clean: number | undefined
	/** Position of the round that comes next. */
	readonly next: number
	/** Prediction on the last candidate. */
	readonly last: number | undefined
	/** Whether nothing more is tried on it. */
	readonly finished: boolean
	/** Whether the last candidate does what the attack wants. */
	readonly fooled: boolean
	/** What the rounds so far saw of gradients: none was looked at, all were zero, or there were some to follow. */
	readonly gradients: 'none' | 'zero' | 'some'
}

/** How rounds are followed. */
export interface RoundPlan {
	readonly rounds: readonly AttackRound[]
	/** Whether images that are wrong when clean, or at their target where no label is known, are left alone. */
	readonly skipWrong: boolean
	/** Whether the attack wants this target rather than any other class than the label. */
	readonly target?: number | undefined
}

/** An image that nothing is known of. */
export function freshState(id: string, label: number | undefined): ImageState {
	return {
		id,
		label,
		clean: undefined,
		next: 0,
		last: undefined,
		finished: false,
		fooled: false,
		gradients: 'none',
	}
}

/**
 * The state after one trial more. A trial that does not come next, such as one told twice by a log, changes nothing.
 */
export function afterTrial(
	state: ImageState,
	trial: AttackTrial,
	{ rounds, skipWrong, target }: RoundPlan,
): ImageState {
	const { round, prediction } = trial
	const { label } = state
	if (state.finished) return state
	if (state.clean === undefined) {
		if (round !== cleanRound) return state
		const wrong = label === undefined ? prediction === target : prediction !== label
		return { ...state, clean: prediction, finished: rounds.length === 0 || (skipWrong && wrong) }
	}
	const current = rounds[state.next]
	if (round !== current?.name) return state
	const next = state.next + 1
	const fooled = target === undefined ? prediction !== label : prediction === target
	return {
		...state,
		next,
		last: prediction,
		fooled,
		finished: fooled || next === rounds.length,
		gradients: gradientsAfter(state, trial, current),
	}
}

function gradientsAfter({ gradients }: ImageState, { zeroGradient }: AttackTrial, { cost }: AttackRound) {
	if (cost.gradients === 0 || gradients === 'some') return gradients
	return zeroGradient ? 'zero' : 'some'
}

/**
 * The outcome of an image that is finished and whose label is known.
 * @throws RangeError for any other.
 */
export function outcomeOf(state: ImageState, rounds: readonly AttackRound[]): AttackOutcome {
	const { id, label, clean, last, next, gradients } = state
	if (label === undefined || clean === undefined) throw new RangeError(`Image ${id} has no outcome yet.`)
	const fooled = clean === label && last !== undefined && last !== label
	return {
		id,
		label,
		cleanPrediction: clean,
		adversarialPrediction: last ?? clean,
		attacked: last !== undefined,
		...defined({
			stage: fooled && stageNames(rounds).length > 1 ? at(rounds, next - 1).stage : undefined,
			zeroGradient: gradients === 'zero' ? (true as const) : undefined,
		}),
	}
}
