/** The one way to change what a classifier shows or does. It covers every member, random draws included. */

import { defined } from '../core/defined.js'
import type { Classifier } from './classifier.js'

/**
 * The differences of a decorated classifier. Each function receives the underlying classifier as `inner`: one of its draws
 * if a draw is decorated. Omitted members stay as they are.
 */
export interface ClassifierHooks {
	/** Other class names, in logit order. */
	readonly classNames?: readonly string[]
	/** [channels, height, width] of the images that it accepts. */
	readonly inputShape?: Classifier['inputShape']
	/** Names of the taps that it shows. */
	readonly taps?: readonly string[]
	/** Whether two small batches in parallel are faster than one after the other. */
	readonly pipelined?: boolean
	evaluate?(inner: Classifier, ...call: Parameters<Classifier['evaluate']>): ReturnType<Classifier['evaluate']>
	gradient?(inner: Classifier, ...call: Parameters<Classifier['gradient']>): ReturnType<Classifier['gradient']>
	/** Its draws, if they are not the draws of `inner` with the same hooks. */
	draw?(index: number): Classifier
	/** Releases it; not called for draws, which keep their own `release`. */
	release?(inner: Classifier): Promise<void>
}

/**
 * Wraps a classifier and changes only what the hooks define. Draws get the same hooks, so that `draw` does not bypass them;
 * fields outside {@link Classifier} are dropped.
 * @param inner [B, 3, H, W] in [0, 1] to taps, as for any classifier; it is not modified.
 * @example
 * const silent = decorate(classifier, { taps: ['logits'] })
 * const counted = decorate(classifier, {
 *   async gradient(inner, images, objective, side) {
 *     gradients += images.shape[0]
 *     return inner.gradient(images, objective, side)
 *   },
 * })
 */
export function decorate(inner: Classifier, hooks: ClassifierHooks): Classifier {
	const { evaluate, gradient, draw, release, ...shown } = hooks
	return {
		classNames: inner.classNames,
		inputShape: inner.inputShape,
		taps: inner.taps,
		...defined({ pipelined: inner.pipelined }),
		...shown,
		evaluate: (...call) => (evaluate ? evaluate(inner, ...call) : inner.evaluate(...call)),
		gradient: (...call) => (gradient ? gradient(inner, ...call) : inner.gradient(...call)),
		...defined({ draw: draw ?? drawsOf(inner, hooks) }),
		release: () => (release ? release(inner) : inner.release()),
	}
}

function drawsOf(inner: Classifier, { release: _, ...hooks }: ClassifierHooks): Classifier['draw'] | undefined {
	if (!inner.draw) return undefined
	return (index) => decorate(drawOf(inner, index), hooks)
}

/** A draw of a classifier; for a deterministic classifier, the classifier itself. */
export function drawOf(classifier: Classifier, index: number): Classifier {
	return classifier.draw?.(index) ?? classifier
}
