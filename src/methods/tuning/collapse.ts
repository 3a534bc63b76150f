/** Distinguishes a run that collapsed to a constant output, or never left one, from a run that learns slowly. */

import { NaptuneError } from '../../core/errors.js'

/** Consecutive epochs at chance after which a formerly better run counts as collapsed. */
const patience = 5

/** Measurements of an epoch. */
export interface EpochEvidence {
	readonly cleanLoss: number
	/** In [0, 1]. */
	readonly cleanAccuracy: number
	readonly images: number
	readonly classes: number
	/** Accuracy of a constant answer: the largest class's share of the training images. Default 1 / classes. */
	readonly chance?: number
}

/** Summary of a run's epochs so far. */
export interface ChanceHistory {
	/** Number of consecutive latest epochs at chance. */
	readonly epochsAtChance: number
	/** Whether any epoch was better than chance. */
	readonly learned: boolean
}

/** The history of a new run. */
export const noEpochs: ChanceHistory = { epochsAtChance: 0, learned: false }

/**
 * Whether an epoch shows no use of the images: its loss is no better than a constant answer's (within 2 % of ln C, or above)
 * and its accuracy is within three standard deviations of a constant answer's.
 */
export function isAtChance({
	cleanLoss,
	cleanAccuracy,
	images,
	classes,
	chance = 1 / classes,
}: EpochEvidence): boolean {
	const deviation = Math.sqrt((chance * (1 - chance)) / images)
	return cleanLoss > 0.98 * Math.log(classes) && cleanAccuracy < chance + 3 * deviation
}

/**
 * Adds an epoch to the history. A run that was better than chance has collapsed after five consecutive epochs at chance. One
 * that never was may still improve, because refiners with random values start from scrambled features, and an epoch can be a
 * single step. It is stopped after half of its epochs, at least five.
 * @param epochs Epochs of the whole run. @param stop Whether a collapse is an error.
 * @throws NaptuneError that states the evidence and what to change.
 */
export function checkCollapse(
	before: ChanceHistory,
	evidence: EpochEvidence,
	epochs: number,
	stop: boolean,
): ChanceHistory {
	if (!isAtChance(evidence)) return { epochsAtChance: 0, learned: true }
	const count = before.epochsAtChance + 1
	const limit = before.learned ? patience : Math.max(patience, Math.ceil(epochs / 2))
	if (stop && count >= limit) {
		const { cleanLoss, cleanAccuracy, classes } = evidence
		throw new NaptuneError(
			'NAP_TRAINING_FAILED',
			`The run ${before.learned ? 'collapsed' : 'does not learn'}: in its last ${count} epochs, accuracy on clean images is at chance (${(100 * cleanAccuracy).toFixed(1)} %) and their loss is ${cleanLoss.toFixed(3)}, where a constant answer has ln ${classes} = ${Math.log(classes).toFixed(3)}. The model gives the same answer for every image. Lower optimizer.learningRate, attack.epsilon or alpha, or start the refiners with refinerInit zero-last. To continue anyway, set stopOnCollapse to false.`,
		)
	}
	return { epochsAtChance: count, learned: before.learned }
}
