/** Confidence intervals of accuracies. */

import { NaptuneError } from '../core/errors.js'

/** Two-sided 95 % quantile of the standard normal. */
export const quantile95 = 1.959963984540054

/**
 * The 95 % score interval of a proportion (Wilson, 1927), in [0, 1].
 * @throws NaptuneError unless 0 <= successes <= count and count >= 1.
 */
export function wilsonInterval(successes: number, count: number): readonly [number, number] {
	if (!(Number.isInteger(count) && count >= 1 && Number.isInteger(successes) && successes >= 0 && successes <= count)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`An interval needs whole numbers 0 <= successes <= count and count >= 1, got ${successes} of ${count}.`,
		)
	}
	return wilsonIntervalOfShare(successes / count, count)
}

/**
 * The same for a mean of proportions over the same `count` items, such as an accuracy averaged over seeds; every item counts
 * once.
 * @param share Mean proportion in [0, 1].
 * @throws NaptuneError for a share outside [0, 1], or a count that is not a whole number of at least 1.
 */
export function wilsonIntervalOfShare(share: number, count: number): readonly [number, number] {
	if (!(share >= 0 && share <= 1 && Number.isInteger(count) && count >= 1)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`An interval needs a share in [0, 1] of at least one thing, got ${share} of ${count}.`,
		)
	}
	const z2 = quantile95 ** 2
	const centre = (share + z2 / (2 * count)) / (1 + z2 / count)
	const half = (quantile95 / (1 + z2 / count)) * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count * count))
	return [Math.max(0, centre - half), Math.min(1, centre + half)]
}
