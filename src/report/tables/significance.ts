/** Which differences from the reference method are more than chance. */

import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { holmAdjusted } from '../../statistics/holm.js'

/** Largest p-value, corrected, of a difference that counts as one. */
export const level = 0.05

/** Follows accuracies that do not differ from the reference's beyond chance. */
export const dagger = '†'

/** McNemar's p-values by cell, corrected by Holm's method over all comparisons of one model under one condition. */
export type CorrectedProbabilities = ReadonlyMap<Cell, number>

/** Corrects the p-values of all cells that are paired with the reference. */
export function correctedProbabilities({ cells }: ExperimentResult): CorrectedProbabilities {
	const families = new Map<string, Cell[]>()
	for (const cell of cells) {
		if (!cell.paired) continue
		const key = JSON.stringify([cell.model, cell.condition])
		families.set(key, [...(families.get(key) ?? []), cell])
	}
	const corrected = [...families.values()].flatMap((family) => {
		const values = holmAdjusted(family.map(({ paired }) => paired!.p))
		return family.map((cell, index) => [cell, values[index]!] as const)
	})
	return new Map(corrected)
}
