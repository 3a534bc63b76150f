/** Means of measurements with confidence intervals. */

import { NaptuneError } from '../core/errors.js'
import { quantile95 } from './wilson.js'

/** A mean with its 95 % interval. */
export interface Estimate {
	readonly mean: number
	readonly interval: readonly [number, number]
}

/**
 * The mean with its normal 95 % interval: mean ± 1.96 standard errors, of the sample's standard deviation (n - 1).
 * @throws NaptuneError for fewer than two values, or one that is not finite.
 */
export function meanInterval(values: readonly number[]): Estimate {
	const count = values.length
	if (count < 2 || !values.every(Number.isFinite)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The interval of a mean needs at least two finite values, got ${count < 2 ? count : `${values.find((value) => !Number.isFinite(value))} among ${count}`}.`,
		)
	}
	const mean = values.reduce((sum, value) => sum + value, 0) / count
	const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
	const half = quantile95 * Math.sqrt(variance / count)
	return { mean, interval: [mean - half, mean + half] }
}
