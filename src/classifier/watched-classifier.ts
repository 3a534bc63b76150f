/** Gradients of a classifier as they come, for progress. */

import type { Classifier } from './classifier.js'
import { decorate } from './decorate.js'

/**
 * The same classifier, which tells of every gradient with its number of images.
 * @param onGradient Called after each, also of a draw; without it, the classifier itself is given back.
 */
export function watched(classifier: Classifier, onGradient: ((images: number) => void) | undefined): Classifier {
	if (!onGradient) return classifier
	return decorate(classifier, {
		async gradient(inner, images, objective, side) {
			const found = await inner.gradient(images, objective, side)
			onGradient(images.shape[0] ?? 0)
			return found
		},
	})
}
