/** Counts how many images pass through classifiers, forward only or forward and backward. */

import type { Tensor } from '../core/tensor.js'
import type { Passes } from '../records/parts/accuracy.js'
import type { Classifier } from './classifier.js'
import { decorate } from './decorate.js'

export type { Passes } from '../records/parts/accuracy.js'

/** Counts passes of the classifiers that it watches. */
export interface PassCounter {
	/** Returns the same classifier with its passes counted, including those of its draws. */
	watch(classifier: Classifier): Classifier
	passes(): Passes
	/** Calls `onPass` after every pass. Returns a function that stops this. */
	listen(onPass: () => void): () => void
}

/** A forward and backward pass takes about as long as this many forward passes. */
export const forwardsPerGradient = 3

/** Passes in units of one image's forward pass. */
export function workOf({ evaluations, gradients }: Passes): number {
	return evaluations + forwardsPerGradient * gradients
}

/** The sum of several counts. */
export function sumOfPasses(parts: readonly Passes[]): Passes {
	return {
		evaluations: parts.reduce((sum, { evaluations }) => sum + evaluations, 0),
		gradients: parts.reduce((sum, { gradients }) => sum + gradients, 0),
	}
}

/** The passes between two counts. */
export function passesSince(before: Passes, now: Passes): Passes {
	return { evaluations: now.evaluations - before.evaluations, gradients: now.gradients - before.gradients }
}

/**
 * A counter at 0.
 * @example
 * const counter = passCounter()
 * await attackBatch(attack, counter.watch(classifier), batch, threat, streams)
 * console.log(counter.passes()) // { evaluations: 0, gradients: 1600 }
 */
export function passCounter(): PassCounter {
	let evaluations = 0
	let gradients = 0
	const listeners = new Set<() => void>()
	const told = () => {
		for (const listener of listeners) listener()
	}
	const imagesIn = ({ shape }: Tensor) => shape[0] ?? 0
	return {
		watch: (classifier) =>
			decorate(classifier, {
				async evaluate(inner, images, taps) {
					const found = await inner.evaluate(images, taps)
					evaluations += imagesIn(images)
					told()
					return found
				},
				async gradient(inner, images, objective, side) {
					const found = await inner.gradient(images, objective, side)
					gradients += imagesIn(images)
					told()
					return found
				},
			}),
		passes: () => ({ evaluations, gradients }),
		listen(onPass) {
			listeners.add(onPass)
			return () => listeners.delete(onPass)
		},
	}
}
