/** What a score means: its place among the scores of clean images. Arithmetic only. */

import { NaptuneError } from '../errors.js'
import { wilsonInterval } from './wilson.js'

/**
 * Empirical p-value: the share of clean images that score at least as high, (1 + count) / (n + 1). For a clean image from
 * the same source, p <= a with probability at most a, whatever the distribution (conformal prediction, Vovk et al., 2005).
 * @param sorted Scores of n clean images, ascending.
 */
export function pValue(sorted: readonly number[], score: number): number {
	return (1 + sorted.length - countBelow(sorted, score)) / (sorted.length + 1)
}

/** Entries smaller than a value, by bisection. */
function countBelow(sorted: readonly number[], value: number): number {
	let [low, high] = [0, sorted.length]
	while (low < high) {
		const middle = (low + high) >> 1
		if (sorted[middle]! < value) low = middle + 1
		else high = middle
	}
	return low
}

/** Whether a score is flagged at a false-positive rate: its p-value is at most that rate. */
export function isFlagged(sorted: readonly number[], score: number, falsePositiveRate: number): boolean {
	return pValue(sorted, score) <= falsePositiveRate
}

/** How a flag behaves on clean images. */
export interface FalsePositives {
	/** What was asked for. */
	readonly target: number
	/** Scores above it are flagged; null where so few clean images allow no flag at this rate. */
	readonly threshold: number | null
	/** Share of the clean images that are flagged, with its 95 % Wilson interval. */
	readonly measured: number
	readonly interval: readonly [number, number]
	readonly images: number
}

/**
 * The flag at a false-positive rate, and how often it is raised on the clean images that it was made from.
 * @throws NaptuneError for a rate outside (0, 1), or no scores.
 */
export function falsePositives(sorted: readonly number[], target: number): FalsePositives {
	if (!(target > 0 && target < 1)) {
		throw new NaptuneError(`A false-positive rate lies between 0 and 1, such as 0.05; got ${target}.`)
	}
	if (sorted.length === 0) throw new NaptuneError('A calibration needs scores of clean images, got none.')
	let allowed = 0
	while ((1 + allowed + 1) / (sorted.length + 1) <= target) allowed++
	const possible = 1 / (sorted.length + 1) <= target
	const flagged = sorted.filter((score) => isFlagged(sorted, score, target)).length
	return {
		target,
		threshold: possible ? sorted[sorted.length - 1 - allowed]! : null,
		measured: flagged / sorted.length,
		interval: wilsonInterval(flagged, sorted.length),
		images: sorted.length,
	}
}

/**
 * Area under the ROC curve: the probability that an attacked image scores higher than a clean one, ties counting half
 * (Mann and Whitney, 1947). 0.5 is chance.
 * @throws NaptuneError when either list is empty.
 */
export function areaUnderRoc(clean: readonly number[], attacked: readonly number[]): number {
	if (clean.length === 0 || attacked.length === 0) {
		throw new NaptuneError('The area under a ROC curve needs scores of clean and of attacked images.')
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
