/**
 * APGD on any objective: gradient ascent with momentum that halves the step, image by image, when progress stalls (Croce &
 * Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free attacks", ICML 2020;
 * constants and corner cases as in the fra31/auto-attack repository).
 */

import { at, missing } from '../../../core/at.js'
import type { Norm } from '../../sets/threat-model.js'
import { type ApgdPosition, apgdMove, type Pixels } from './apgd-moves.js'
import { type ApgdMemory, apgdCheckpoints, apgdMemory, halvesStep } from './apgd-schedule.js'

/** The evaluation of a batch of iterates. */
export interface ApgdEvaluation<P extends Pixels> {
	/** The objective [B], which the run maximises. */
	readonly loss: ArrayLike<number>
	/** Its gradient with respect to the pixels [B · n]; the run takes ownership of the array and overwrites it. */
	readonly gradient: P
	/** Whether each image is still classified as labelled. */
	readonly right: readonly boolean[]
}

/** One evaluated iterate of the whole batch. The arrays are valid only during the call. */
export interface ApgdIterate<P extends Pixels> {
	/** 0 for the start, then 1 to `steps`. */
	readonly iteration: number
	/** [B · n]. */
	readonly images: P
	readonly loss: ArrayLike<number>
	readonly gradient: P
	readonly right: readonly boolean[]
	/** Best losses [B], including this iterate's. */
	readonly bestLoss: Float64Array
	/** Step sizes [B] that led here; at the start, those of the first step. */
	readonly stepSizes: Float64Array
}

/** The input of {@link apgdRun}. Float32Array or Float64Array throughout. */
export interface ApgdProblem<P extends Pixels> {
	readonly norm: Norm
	/** Radius in pixel units of [0, 1], above 0. */
	readonly epsilon: number
	/** Iterations, at least 1; the run takes all of them. */
	readonly steps: number
	/** Clean images [B · n] in [0, 1]. */
	readonly clean: P
	/** Starting points [B · n], inside ball and box; not modified. */
	readonly start: P
	/** Number of images B. */
	readonly count: number
	/** Evaluates all images [B · n] of an iteration, 0 for the start. Called steps + 1 times; must not modify the images. */
	readonly evaluate: (images: P, iteration: number) => Promise<ApgdEvaluation<P>>
	/** Moves pixels that rounding put outside the threat model back inside; called for every iterate. */
	readonly settle?: (images: P) => void
	/** Receives every iterate, for tests and diagnosis. */
	readonly onIterate?: (iterate: ApgdIterate<P>) => void
}

/** The result of a run. */
export interface ApgdOutcome<P extends Pixels> {
	/** [B · n]: the latest misclassified iterate, start included; the clean image if there is none. */
	readonly adversarial: P
	/** Whether a misclassified iterate exists [B]. */
	readonly fooled: readonly boolean[]
	/** [B · n]: the iterate with the largest loss. */
	readonly best: P
	/** That loss [B]. */
	readonly bestLoss: Float64Array
}

/**
 * Runs APGD on a batch, each image independently of the others. The first step is 2 · epsilon long. When a step is halved,
 * the image returns to its best iterate and the gradient there, but the momentum of the next step still starts from the
 * iterate before the last one.
 */
export async function apgdRun<P extends Pixels>(problem: ApgdProblem<P>): Promise<ApgdOutcome<P>> {
	const { norm, epsilon, steps, clean, start, count, evaluate, settle, onIterate } = problem
	const size = clean.length / count
	const move = apgdMove(norm, epsilon)
	const checkpoints = new Set(apgdCheckpoints(steps))
	const copy = (source: P) => source.slice() as P
	const put = (target: P, source: P, row: number) => {
		target.set(source.subarray(row * size, (row + 1) * size), row * size)
	}

	let [current, previous, next] = [copy(start), copy(start), copy(start)]
	const first = await evaluate(current, 0)
	let { gradient } = first
	const [best, bestGradient, adversarial] = [copy(start), copy(gradient), copy(clean)]
	const bestLoss = Float64Array.from(first.loss)
	const fooled = first.right.map((right) => !right)
	const stepSizes = new Float64Array(count).fill(2 * epsilon)
	const memories: ApgdMemory[] = Array.from(bestLoss, (loss) => apgdMemory(steps, loss))
	for (let row = 0; row < count; row++) if (fooled[row]) put(adversarial, start, row)
	onIterate?.({ ...first, iteration: 0, images: current, bestLoss, stepSizes })

	for (let done = 1, checked = 0; done <= steps; done++) {
		const position: ApgdPosition<P> = { clean, current, previous, gradient }
		for (let row = 0; row < count; row++) {
			const range = { start: row * size, end: (row + 1) * size }
			move(position, next, range, stepSizes[row] ?? missing, done === 1 ? 1 : 0.75)
		}
		settle?.(next)
		;[previous, current, next] = [current, next, previous]

		const seen = await evaluate(current, done)
		gradient = seen.gradient
		for (let row = 0; row < count; row++) {
			const loss = seen.loss[row] ?? missing
			at(memories, row).losses[done - 1] = loss
			if (!seen.right[row]) {
				fooled[row] = true
				put(adversarial, current, row)
			}
			if (loss > (bestLoss[row] ?? missing)) {
				bestLoss[row] = loss
				put(best, current, row)
				put(bestGradient, gradient, row)
			}
		}
		onIterate?.({ ...seen, iteration: done, images: current, bestLoss, stepSizes })

		if (!checkpoints.has(done)) continue
		for (let row = 0; row < count; row++) {
			if (!halvesStep(at(memories, row), done, done - checked, bestLoss[row] ?? missing)) continue
			stepSizes[row] = (stepSizes[row] ?? missing) / 2
			put(current, best, row)
			put(gradient, bestGradient, row)
		}
		checked = done
	}
	return { adversarial, fooled, best, bestLoss }
}
