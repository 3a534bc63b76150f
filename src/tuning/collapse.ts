/** Telling a run that collapsed to a constant output from one that learns slowly. */

import { NaptuneError } from '../errors.js'

/** Epochs in a row at chance after which a run counts as collapsed. */
const patience = 5

/** What an epoch showed. */
export interface EpochEvidence {
	readonly cleanLoss: number
	/** In [0, 1]. */
	readonly cleanAccuracy: number
	readonly images: number
	readonly classes: number
}

/** Whether an epoch looks like a constant output: a loss within 2 % of ln C and an accuracy that chance explains. */
export function isAtChance({ cleanLoss, cleanAccuracy, images, classes }: EpochEvidence): boolean {
	const chance = 1 / classes
	const deviation = Math.sqrt((chance * (1 - chance)) / images)
	return Math.abs(cleanLoss / Math.log(classes) - 1) < 0.02 && cleanAccuracy < chance + 3 * deviation
}

/**
 * Counts epochs at chance.
 * @param before Epochs at chance in a row so far.
 * @param stop Whether a collapse is an error.
 * @returns The new count.
 * @throws NaptuneError after five of them in a row.
 */
export function checkCollapse(before: number, evidence: EpochEvidence, stop: boolean): number {
	const count = isAtChance(evidence) ? before + 1 : 0
	if (stop && count >= patience) {
		throw new NaptuneError(
			`The run collapsed: for ${count} epochs the clean loss has been ${evidence.cleanLoss.toFixed(3)}, which is ln ${evidence.classes} = ${Math.log(evidence.classes).toFixed(3)}, and accuracy is at chance (${(100 * evidence.cleanAccuracy).toFixed(1)} %). The model answers the same to every image. Lower the learning rate, epsilon or alpha; to go on anyway set stopOnCollapse to false.`,
		)
	}
	return count
}
