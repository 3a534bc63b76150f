/** Counts which classes are mistaken for which, clean and under attack. */

import type { AttackOutcome } from '../../../attacks/run/attack-outcomes.js'
import { at } from '../../../core/at.js'

/** Images by true class and prediction. */
export interface Confusion {
	/** Images of the row's class that were classified as the column's class. */
	readonly counts: readonly (readonly number[])[]
	/** Images of every class. */
	readonly images: readonly number[]
}

/** Two confused classes. */
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

/** Counts predictions. @param which Clean or adversarial. @param classes Number of classes. */
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

/** Pairs of confused classes, most images first; ties keep the order of the classes. */
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
