/** Draws the split of a folder that has none. */

import { at } from '../../core/at.js'
import { roundHalfEven } from '../../images/round-half-even.js'
import { generator, permutation } from '../../random/counter-based.js'
import type { ClassFolder } from './class-folders.js'

/** In words, for people and records. */
export const splitRule =
	'50 % training, 20 % validation and 30 % test of every class, at least one of the first and the last'

/** The same classes with their share of images in each split, sorted within a split. */
export interface SplitClasses {
	readonly train: readonly ClassFolder[]
	readonly validation: readonly ClassFolder[]
	readonly test: readonly ClassFolder[]
}

/** Splits each class in an order that depends only on the seed and the class's name. Every class needs two images. */
export function splitClasses(classes: readonly ClassFolder[], seed: number): SplitClasses {
	const parts = classes.map(({ name, images }) => {
		const total = images.length
		const inTrain = Math.min(Math.max(roundHalfEven(total * 0.5), 1), total - 1)
		const inValidation = Math.min(roundHalfEven(total * 0.2), total - inTrain - 1)
		const order = permutation(generator(seed, 'folder-split', name), total)
		const take = (from: number, to: number) => ({
			name,
			images: order
				.slice(from, to)
				.map((index) => at(images, index))
				.sort(),
		})
		return {
			train: take(0, inTrain),
			validation: take(inTrain, inTrain + inValidation),
			test: take(inTrain + inValidation, total),
		}
	})
	return {
		train: parts.map(({ train }) => train),
		validation: parts.map(({ validation }) => validation),
		test: parts.map(({ test }) => test),
	}
}
