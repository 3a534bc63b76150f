/** The states of all images in a run. */

import { at } from '../../core/at.js'
import { range } from '../../core/rows.js'
import { type AttackTrial, afterTrial, freshState, type ImageState, type RoundPlan } from './attack-outcomes.js'

/** What is known about images before the attack, by position. */
export interface ImageAims {
	readonly ids: readonly string[]
	/** True classes, if known. */
	readonly labels?: readonly number[] | undefined
	/** Targets of a targeted attack. */
	readonly targets?: readonly number[] | undefined
}

/** The states of all images, updated by trials. */
export interface FollowedStates {
	readonly all: readonly ImageState[]
	/** The state at a position. */
	at(position: number): ImageState
	take(position: number, trial: AttackTrial): void
	/** Resets the images for which this holds. */
	forget(which: (state: ImageState) => boolean): void
	/** Positions without a clean prediction. */
	unseen(): number[]
	/** Positions that are due for this round. */
	openAt(round: number): number[]
}

/**
 * Tracks images from the beginning.
 * @param aims Labels, targets, or both; an image with a target must reach it.
 */
export function followStates({ ids, labels, targets }: ImageAims, plan: Omit<RoundPlan, 'target'>): FollowedStates {
	const fresh = (position: number) => freshState(at(ids, position), labels?.[position])
	const all = range(0, ids.length).map(fresh)
	const those = (which: (state: ImageState) => boolean) =>
		all.flatMap((state, position) => (which(state) ? [position] : []))
	return {
		all,
		at: (position) => at(all, position),
		take(position, trial) {
			all[position] = afterTrial(at(all, position), trial, { ...plan, target: targets?.[position] })
		},
		forget(which) {
			for (const position of those(which)) all[position] = fresh(position)
		},
		unseen: () => those(({ clean }) => clean === undefined),
		openAt: (round) => those(({ clean, next, finished }) => clean !== undefined && !finished && next === round),
	}
}
