/** Counting what an attack calls of a classifier. */

import type { Classifier } from './classifier.js'
import { decorate } from './decorate.js'

/** The same classifier, with the numbers of its calls and of the images in them. */
export function counted(classifier: Classifier) {
	const calls = { evaluations: 0, gradients: 0, images: 0 }
	const counting = decorate(classifier, {
		evaluate(inner, images, taps) {
			calls.evaluations++
			calls.images += images.shape[0] ?? 0
			return inner.evaluate(images, taps)
		},
		gradient(inner, images, objective, side) {
			calls.gradients++
			calls.images += images.shape[0] ?? 0
			return inner.gradient(images, objective, side)
		},
	})
	return { classifier: counting, calls }
}
