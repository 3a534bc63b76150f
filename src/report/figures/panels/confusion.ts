/** Which classes are taken for which, clean and under attack. */

import type { AttackOutcome } from '../../../attacks/run/attack-outcomes.js'
import { at } from '../../../core/at.js'

/** Images by true class and prediction. */
export interface Confusion {
	/** Images of the class in the row that were taken for the class in the column. */
	readonly counts: readonly (readonly number[])[]
	/** Images of every class. */
	readonly images: readonly number[]
}

/** Two classes that are confused. */
export interface ConfusedPair {
	readonly label: number
	readonly prediction: number
	readonly images: number
	/** Share of the images of the class. */
	readonly share: number
}

/** A model with its confusions. */
export interface ConfusedModel {
	readonly title: string
	readonly clean: Confusion
	readonly attacked: Confusion
}

/** Counts predictions. @param which Clean or adversarial. @param classes How many there are. */
export function confusion(
	outcomes: readonly AttackOutcome[],
	which: 'cleanPrediction' | 'adversarialPrediction',
	classes: number,
): Confusion {
	const counts = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0))
	for (const outcome of outcomes) {
		const row = at(counts, outcome.label)
		row[outcome[which]] = at(row, outcome[which]) + 1
	}
	return { counts, images: counts.map((row) => row.reduce((sum, count) => sum + count, 0)) }
}

/** Pairs of a class and another that it is taken for, the most images first; of equal ones in the order of the classes. */
export function confusedPairs({ counts, images }: Confusion): ConfusedPair[] {
	return counts
		.flatMap((row, label) =>
			row.map((count, prediction) => ({
				label,
				prediction,
				images: count,
				share: count / Math.max(1, at(images, label)),
			})),
		)
		.filter((pair) => pair.label !== pair.prediction && pair.images > 0)
		.sort((a, b) => b.images - a.images || a.label - b.label || a.prediction - b.prediction)
}
