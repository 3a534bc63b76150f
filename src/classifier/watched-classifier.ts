/** Reports a classifier's gradients as they happen, for progress. */

import type { Classifier } from './classifier.js'
import { decorate } from './decorate.js'

/**
 * Wraps a classifier to report every gradient with its number of images.
 * @param onGradient Called after each gradient, including those of draws; if omitted, the classifier itself is returned.
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
