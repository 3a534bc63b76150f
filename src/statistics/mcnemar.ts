/** Tests whether one of two models is right more often on the same images. */

import { NaptuneError } from '../core/errors.js'

/**
 * Exact two-sided McNemar test: the probability of a split at least as uneven of the images on which exactly one of two
 * models is right, if both were equally good (McNemar, 1947).
 * @param onlyFirst Images that only the first gets right. @param onlySecond Only the second.
 * @returns The p-value in (0, 1]; 1 if the models never differ.
 * @throws NaptuneError unless both are whole numbers of at least 0.
 */
export function mcnemarTest(onlyFirst: number, onlySecond: number): number {
	const count = onlyFirst + onlySecond
	if (!Number.isInteger(onlyFirst) || !Number.isInteger(onlySecond) || Math.min(onlyFirst, onlySecond) < 0) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`McNemar's test needs whole numbers of images, got ${onlyFirst} and ${onlySecond}.`,
		)
	}
	// Binomial terms as logarithms: 2^-count underflows from a thousand images on.
	let logTerm = -count * Math.LN2
	let tail = 0
	for (let successes = 0; successes <= Math.min(onlyFirst, onlySecond); successes++) {
		tail += Math.exp(logTerm)
		logTerm += Math.log((count - successes) / (successes + 1))
	}
	return Math.min(1, 2 * tail)
}

/** McNemar's test of two models on the same images. */
export interface McnemarResult {
	/** Number of images that only the first model gets right, then only the second. */
	readonly onlyFirst: number
	readonly onlySecond: number
	/** P-value of {@link mcnemarTest}. */
	readonly p: number
}

/**
 * Compares two models image by image.
 * @param first Whether the first model gets each image right. @param second The same for the other model, in the same order.
 * @throws NaptuneError if the numbers of images differ.
 */
export function mcnemarOf(first: readonly boolean[], second: readonly boolean[]): McnemarResult {
	if (first.length !== second.length) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`McNemar's test needs the same images twice, got ${first.length} and ${second.length}.`,
		)
	}
	const onlyFirst = first.filter((right, image) => right && !second[image]).length
	const onlySecond = second.filter((right, image) => right && !first[image]).length
	return { onlyFirst, onlySecond, p: mcnemarTest(onlyFirst, onlySecond) }
}
