/** What tests of the Square attack watch it with. */

import type { Classifier } from '../../../classifier/classifier.js'
import { decorate } from '../../../classifier/decorate.js'

/** A classifier that only evaluates logits, counts the images, and keeps what it was given. */
export function counted(inner: Classifier): {
	readonly classifier: Classifier
	/** Images evaluated so far. */
	evaluations(): number
	/** Copies of the pixels of every call so far. */
	readonly seen: Float32Array[]
} {
	let images = 0
	const seen: Float32Array[] = []
	return {
		seen,
		evaluations: () => images,
		classifier: decorate(inner, {
			async evaluate(beneath, given, taps) {
				if (taps.join() !== 'logits') throw new Error(`asked for ${taps.join()}`)
				images += given.shape[0] ?? 0
				seen.push(given.data.slice())
				return beneath.evaluate(given, taps)
			},
			gradient: () => Promise.reject(new Error('asked for a gradient')),
		}),
	}
}
