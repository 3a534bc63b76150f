/** Counting what an attack calls of a classifier. */

import type { Classifier } from './classifier.js'

/** The same classifier, with the numbers of its calls and of the images in them. */
export function counted(classifier: Classifier) {
	const calls = { evaluations: 0, gradients: 0, images: 0 }
	const counting: Classifier = {
		...classifier,
		evaluate(images, taps) {
			calls.evaluations++
			calls.images += images.shape[0]!
			return classifier.evaluate(images, taps)
		},
		gradient(images, objective, side) {
			calls.gradients++
			calls.images += images.shape[0]!
			return classifier.gradient(images, objective, side)
		},
	}
	return { classifier: counting, calls }
}
