/** Outcomes of an attack: single trials, and what they add up to. */

import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import type { AttackOutcome, AttackTrial } from '../../records/parts/outcome.js'
import type { AttackRound } from './attack-round.js'

export type { AttackOutcome, AttackTrial } from '../../records/parts/outcome.js'

/** The round that stands for the clean prediction. */
export const cleanRound = 'clean'

/** Whether an image counts as robust: right when clean, and right under attack. */
export function isRobust({ label, cleanPrediction, adversarialPrediction }: AttackOutcome): boolean {
	return cleanPrediction === label && adversarialPrediction === label
}

/** Names of an attack's stages, in order. */
export function stageNames(rounds: readonly Pick<AttackRound, 'stage'>[]): string[] {
	return [...new Set(rounds.map(({ stage }) => stage))]
}

/** The state of one image. */
export interface ImageState {
	readonly id: string
	/** Its true class; undefined if only a target is known. */
	readonly label: number | undefined
	/** Prediction on the clean image, once known. */
	readonly clean: number | undefined
	/** Position of its next round. */
	readonly next: number
	/** Prediction on the last candidate. */
	readonly last: number | undefined
	/** Whether no round is left for it. */
	readonly finished: boolean
	/** Whether the last candidate does what the attack wants. */
	readonly fooled: boolean
	/** Gradients that the rounds so far saw: none, only zeros, or some that were not zero. */
	readonly gradients: 'none' | 'zero' | 'some'
}

/** How to follow rounds. */
export interface RoundPlan {
	readonly rounds: readonly AttackRound[]
	/** Whether to skip images that are wrong when clean, or at their target if no label is known. */
	readonly skipWrong: boolean
	/** The class that the attack wants, instead of any class but the label. */
	readonly target?: number | undefined
}

/** The state of an image before anything is known. */
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

/** The state after one more trial. A trial out of order, such as a repeated line of a log, changes nothing. */
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
 * The outcome of a finished image with a known label.
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
