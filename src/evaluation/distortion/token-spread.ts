/** Measures how much tokens differ between images: the scale for a perturbation's distance. */

import { at } from '../../core/at.js'

/** Collects the clean tokens of images at one place. */
export interface TokenSpread {
	/** @param tokens [N, width] of one image. */
	add(tokens: Float32Array): void
	/**
	 * Root mean square, over images (n - 1) and tokens, of the Euclidean distance of a token to the mean over images at its
	 * position: 0 if all images have the same tokens.
	 * @param from First number and @param to end of the numbers to include; all by default.
	 */
	of(width: number, from?: number, to?: number): number
}

/** Empty. Holds three numbers per number of an image's tokens, for any number of images. */
export function createTokenSpread(): TokenSpread {
	let count = 0
	// Sums of differences from the first image: what all images share cancels exactly.
	let first = new Float32Array(0)
	let sums = new Float64Array(0)
	let squares = new Float64Array(0)
	return {
		add(tokens) {
			if (count === 0) {
				first = tokens.slice()
				sums = new Float64Array(tokens.length)
				squares = new Float64Array(tokens.length)
			}
			count++
			for (let index = 0; index < tokens.length; index++) {
				const difference = at(tokens, index) - at(first, index)
				sums[index]! += difference
				squares[index]! += difference * difference
			}
		},
		of(width, from = 0, to = first.length) {
			let total = 0
			for (let index = from; index < to; index++) total += at(squares, index) - at(sums, index) ** 2 / count
			return Math.sqrt(Math.max(0, total) / (count - 1) / ((to - from) / width))
		},
	}
}
