/** Summarises numbers over seeds. */

import { NaptuneError } from '../core/errors.js'

/**
 * Mean and sample standard deviation (divided by n - 1), as papers print them as mean ± std over seeds.
 * @param values At least one, all finite.
 * @returns `deviation` is missing for a single value.
 * @throws NaptuneError for no values, or one that is not finite.
 */
export function meanAndDeviation(values: readonly number[]): { readonly mean: number; readonly deviation?: number } {
	if (values.length === 0 || !values.every(Number.isFinite)) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`A mean needs one finite number or more, got ${values.join(', ') || 'none'}.`,
		)
	}
	const mean = values.reduce((sum, value) => sum + value, 0) / values.length
	if (values.length === 1) return { mean }
	const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
	return { mean, deviation: Math.sqrt(squares / (values.length - 1)) }
}
