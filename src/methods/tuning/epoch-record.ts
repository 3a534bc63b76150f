/** Summarises an epoch for the log of a tuning run. */

import type { EpochRecord } from '../../records/run.js'

/** Sums over images. */
export interface EpochSums {
	readonly images: number
	readonly cleanLoss: number
	readonly adversarialLoss: number
	readonly cleanCorrect: number
	readonly adversarialCorrect: number
}

/** Sums over no images. */
export const emptySums: EpochSums = {
	images: 0,
	cleanLoss: 0,
	adversarialLoss: 0,
	cleanCorrect: 0,
	adversarialCorrect: 0,
}

/** Adds sums entry by entry. */
export function addSums(a: EpochSums, b: EpochSums): EpochSums {
	return {
		images: a.images + b.images,
		cleanLoss: a.cleanLoss + b.cleanLoss,
		adversarialLoss: a.adversarialLoss + b.adversarialLoss,
		cleanCorrect: a.cleanCorrect + b.cleanCorrect,
		adversarialCorrect: a.adversarialCorrect + b.adversarialCorrect,
	}
}

/** The log line of an epoch. @param attacks Whether the loss uses an attack. */
export function epochRecord(
	{ images, cleanLoss, adversarialLoss, cleanCorrect, adversarialCorrect }: EpochSums,
	{ epoch, learningRate, alpha }: Pick<EpochRecord, 'epoch' | 'learningRate' | 'alpha'>,
	attacks: boolean,
): EpochRecord {
	return {
		epoch,
		learningRate,
		alpha,
		cleanLoss: cleanLoss / images,
		adversarialLoss: attacks ? adversarialLoss / images : null,
		cleanAccuracy: cleanCorrect / images,
		adversarialAccuracy: attacks ? adversarialCorrect / images : null,
		images,
	}
}
