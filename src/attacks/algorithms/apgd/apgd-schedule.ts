/** When APGD reviews its progress, and when it halves a step. */

import { at } from '../../../core/at.js'

/**
 * The iterations, counted from 1, after which APGD reviews step sizes: first after 22 % of all, then in intervals that
 * shrink by 3 % of all each time, down to 6 % (Croce & Hein 2020, section 3.1; whole numbers rounded down, at least 1).
 * @param steps Total iterations, at least 1.
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

/** The losses of one image and the decision at its last checkpoint. */
export interface ApgdMemory {
	/** Loss of every iterate except the start; 0 for future ones. */
	readonly losses: Float64Array
	/** Best loss at the last checkpoint; initially the loss of the start. */
	bestBefore: number
	/** Whether the last checkpoint halved the step; initially true. */
	halvedBefore: boolean
}

/** The memory of an image before the first iteration. */
export function apgdMemory(steps: number, startLoss: number): ApgdMemory {
	return { losses: new Float64Array(steps), bestBefore: startLoss, halvedBefore: true }
}

/** A step is halved if at most this share of iterations in an interval increased the loss. */
const risingShare = 0.75

/**
 * Decides at a checkpoint whether to halve an image's step, and remembers the decision. It halves if the loss rose in at
 * most 75 % of the iterations since the last checkpoint, or if the best loss has not improved since a checkpoint that did
 * not halve; so the second condition cannot hold at the first checkpoint. As in the reference, the first iteration's loss
 * counts as risen if it is above the entry before it, which wraps around to the last of the history: 0, because that
 * iteration is still to come.
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
