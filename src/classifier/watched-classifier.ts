/** Gradients of a classifier as they come, for progress. */

import type { Classifier } from './classifier.js'

/** The same classifier, which tells of every gradient with its number of images. */
export function watched(classifier: Classifier, onGradient: ((images: number) => void) | undefined): Classifier {
	if (!onGradient) return classifier
	return {
		...classifier,
		async gradient(images, objective, side) {
			const found = await classifier.gradient(images, objective, side)
			onGradient(images.shape[0]!)
			return found
		},
	}
}
