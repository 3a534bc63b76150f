/** Learning rate of surrogates by fractional epoch. */

import { learningRateAt } from '../../training/schedules.js'
import type { ClassifierRecipe } from './recipe.js'

/**
 * Linear warm-up from a hundredth, then a cosine down to a hundredth, or the peak.
 * @param epoch Finished epochs, with fraction.
 */
export function learningRateOf(
	{
		learningRate,
		warmupEpochs,
		decay,
		epochs,
	}: Pick<ClassifierRecipe, 'learningRate' | 'warmupEpochs' | 'decay' | 'epochs'>,
	epoch: number,
): number {
	const warm = warmupEpochs > 0 ? { warmupRate: learningRate / 100, warmup: 'linear' as const, warmupEpochs } : {}
	return Math.max(learningRate / 100, learningRateAt(epoch, { learningRate, decay, epochs, ...warm }))
}
