/** How many images pass through classifiers, forward alone or there and back. */

import { defined } from '../core/defined.js'
import type { Passes } from '../records/parts/accuracy.js'
import type { Classifier } from './classifier.js'

export type { Passes } from '../records/parts/accuracy.js'

/** Counts passes of the classifiers that it watches. */
export interface PassCounter {
	/** The same classifier, whose passes are counted. */
	watch(classifier: Classifier): Classifier
	passes(): Passes
	/** Called after every pass. Returns a function that ends that. */
	listen(onPass: () => void): () => void
}

/** A forward and backward pass takes about as long as so many forward passes. */
const forwardsPerGradient = 3

/** Passes in units of one image's forward pass. */
export function workOf({ evaluations, gradients }: Passes): number {
	return evaluations + forwardsPerGradient * gradients
}

/** A counter at 0. */
export function passCounter(): PassCounter {
	let evaluations = 0
	let gradients = 0
	const listeners = new Set<() => void>()
	const told = () => {
		for (const listener of listeners) listener()
	}
	const watch = (classifier: Classifier): Classifier => ({
		...classifier,
		async evaluate(images, taps) {
			const found = await classifier.evaluate(images, taps)
			evaluations += images.shape[0]!
			told()
			return found
		},
		async gradient(images, objective, side) {
			const found = await classifier.gradient(images, objective, side)
			gradients += images.shape[0]!
			told()
			return found
		},
		...defined({ draw: classifier.draw ? (index: number) => watch(classifier.draw!(index)) : undefined }),
	})
	return {
		watch,
		passes: () => ({ evaluations, gradients }),
		listen(onPass) {
			listeners.add(onPass)
			return () => listeners.delete(onPass)
		},
	}
}
