/** Ranks a score among those of clean images. Arithmetic only. */

import { z } from 'zod'
import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import type { Immutable } from '../../core/immutable.js'
import { count, positive } from '../../records/parts/fields.js'

/**
 * Empirical p-value: the share of clean images that score at least as high, (1 + count) / (n + 1). For a clean image from
 * the same source, p <= a with probability at most a, whatever the distribution (conformal prediction, Vovk et al., 2005).
 * @param sorted Scores of n clean images, ascending.
 */
export function pValue(sorted: readonly number[], score: number): number {
	return (1 + sorted.length - countBelow(sorted, score)) / (sorted.length + 1)
}

/** Number of entries smaller than a value, by bisection. */
function countBelow(sorted: readonly number[], value: number): number {
	let [low, high] = [0, sorted.length]
	while (low < high) {
		const middle = (low + high) >> 1
		if (at(sorted, middle) < value) low = middle + 1
		else high = middle
	}
	return low
}

/** Whether a score is flagged at a false-positive rate: its p-value is at most that rate. */
export function isFlagged(sorted: readonly number[], score: number, falsePositiveRate: number): boolean {
	return pValue(sorted, score) <= falsePositiveRate
}

/** A flag, and the clean images that set its threshold. */
export const falsePositivesSchema = z.object({
	target: z.number().describe('The requested rate: the expected share of new clean images flagged is at most this.'),
	threshold: z
		.number()
		.nullable()
		.describe('Scores above it are flagged; null if there are too few clean images to flag any at this rate.'),
	flaggedOfOwn: count.describe(
		'How many of the clean images that set the threshold lie above it. The number follows from the construction: it measures nothing, and therefore has no interval.',
	),
	images: positive.describe('Clean images that set the threshold.'),
})

/** A flag, and the clean images that set its threshold. */
export type FalsePositives = Immutable<z.output<typeof falsePositivesSchema>>

/**
 * The flag at a false-positive rate, set by clean images. It flags a new image if its p-value (1 + count) / (n + 1) is at
 * most the rate. If the image is exchangeable with the n images, its rank among them is uniform (ties only increase the
 * p-value), so the flag has probability at most the rate, on average over draws of the n images. There is no promise for
 * images from elsewhere; the actual rate of flags on clean images is measured on other images than these.
 * @throws NaptuneError for a rate outside (0, 1), or no scores.
 */
export function falsePositives(sorted: readonly number[], target: number): FalsePositives {
	if (!(target > 0 && target < 1)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`A false-positive rate must lie between 0 and 1, such as 0.05; got ${target}.`,
		)
	}
	if (sorted.length === 0)
		throw new NaptuneError('NAP_ARGUMENT_INVALID', 'A calibration needs scores of clean images; got none.')
	let allowed = 0
	while ((1 + allowed + 1) / (sorted.length + 1) <= target) allowed++
	const possible = 1 / (sorted.length + 1) <= target
	return {
		target,
		threshold: possible ? at(sorted, sorted.length - 1 - allowed) : null,
		flaggedOfOwn: sorted.filter((score) => isFlagged(sorted, score, target)).length,
		images: sorted.length,
	}
}

/**
 * Area under the ROC curve: the probability that an attacked image scores higher than a clean one, ties counting half (Mann
 * and Whitney, 1947). 0.5 is chance.
 * @throws NaptuneError if either list is empty.
 */
export function areaUnderRoc(clean: readonly number[], attacked: readonly number[]): number {
	if (clean.length === 0 || attacked.length === 0) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			'The area under a ROC curve needs scores of clean and of attacked images.',
		)
	}
	const sorted = [...clean].sort((a, b) => a - b)
	let wins = 0
	for (const score of attacked) {
		const below = countBelow(sorted, score)
		let equal = 0
		while (sorted[below + equal] === score) equal++
		wins += below + equal / 2
	}
	return wins / (clean.length * attacked.length)
}
