/** When APGD looks back at its progress, and when it halves a step. */

import { at } from '../../../core/at.js'

/**
 * The iterations, counted from 1, after which step sizes are reconsidered: first after 22 % of all, then in intervals that
 * shrink by 3 % of all each time, down to 6 % (Croce & Hein 2020, section 3.1; whole numbers rounded down, at least 1).
 * @param steps Iterations in all, at least 1.
 */
export function apgdCheckpoints(steps: number): number[] {
	const share = (part: number) => Math.max(Math.trunc(part * steps), 1)
	const checkpoints: number[] = []
	let interval = share(0.22)
	for (let done = interval; done <= steps; done += interval) {
		checkpoints.push(done)
		interval = Math.max(interval - share(0.03), share(0.06))
	}
	return checkpoints
}

/** The losses of one image and what was decided at its last checkpoint. */
export interface ApgdMemory {
	/** Loss of every iterate but the start, 0 for those that are still to come. */
	readonly losses: Float64Array
	/** Best loss at the last checkpoint; at first the start's. */
	bestBefore: number
	/** Whether the step was halved at the last checkpoint; at first true. */
	halvedBefore: boolean
}

/** The memory of an image before the first iteration. */
export function apgdMemory(steps: number, startLoss: number): ApgdMemory {
	return { losses: new Float64Array(steps), bestBefore: startLoss, halvedBefore: true }
}

/** The share of rising iterations in an interval up to which a step is halved. */
const risingShare = 0.75

/**
 * Decides at a checkpoint whether an image's step is halved, and remembers it: when the loss rose in at most 75 % of the
 * iterations since the last checkpoint, or when the best loss is no better than there although the step was not halved
 * there. So the second condition cannot hold at the first checkpoint. As in the reference, the first iteration's loss
 * counts as risen when it is above the entry before it, which is the last of the history: 0, as it is still to come.
 * @param done Iterations done.
 * @param interval Iterations since the last checkpoint.
 */
export function halvesStep(memory: ApgdMemory, done: number, interval: number, best: number): boolean {
	const { losses } = memory
	let risen = 0
	for (let place = done - interval; place < done; place++) {
		if (at(losses, place) > at(losses, place === 0 ? losses.length - 1 : place - 1)) risen++
	}
	const halves = risen <= interval * risingShare || (!memory.halvedBefore && memory.bestBefore >= best)
	memory.halvedBefore = halves
	memory.bestBefore = best
	return halves
}
