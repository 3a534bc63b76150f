/** The one way to change what a classifier shows or does: nothing of it can be forgotten, its random draws included. */

import { defined } from '../core/defined.js'
import type { Classifier } from './classifier.js'

/**
 * What is different of a decorated classifier. Each function is given the classifier beneath as `inner`, which is one of its
 * draws where a draw is decorated; what is left out stays as it is.
 */
export interface ClassifierHooks {
	/** Other class names, in logit order. */
	readonly classNames?: readonly string[]
	/** [channels, height, width] of the images that it takes. */
	readonly inputShape?: Classifier['inputShape']
	/** Names of the taps that it shows. */
	readonly taps?: readonly string[]
	/** Whether two small batches at a time go faster than one after the other. */
	readonly pipelined?: boolean
	evaluate?(inner: Classifier, ...call: Parameters<Classifier['evaluate']>): ReturnType<Classifier['evaluate']>
	gradient?(inner: Classifier, ...call: Parameters<Classifier['gradient']>): ReturnType<Classifier['gradient']>
	/** Its draws, where they are not those of `inner` with the same hooks. */
	draw?(index: number): Classifier
	/** Frees it; not called for draws, whose own `release` is left to them. */
	release?(inner: Classifier): Promise<void>
}

/**
 * A classifier that is another one but for what the hooks say. Its draws are decorated alike, so that nobody gets around a
 * hook through `draw`; fields that are not of a {@link Classifier} do not come along.
 * @param inner [B, 3, H, W] in [0, 1] to taps, as any classifier; it is not changed.
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

/** A draw of a classifier; one that is not random is the same in each. */
export function drawOf(classifier: Classifier, index: number): Classifier {
	return classifier.draw?.(index) ?? classifier
}
