/** Finds the differences from the reference method that are more than chance. */

import { at } from '../core/at.js'
import { holmAdjusted } from '../statistics/holm.js'
import type { Cell, ExperimentResult } from './experiment-result.js'

/** Largest corrected p-value of a difference that counts. */
export const level = 0.05

/** McNemar's p-values by cell, corrected by Holm's method over all comparisons of one model under one condition. */
export type CorrectedProbabilities = ReadonlyMap<Cell, number>

/** Corrects the p-values of all cells that are paired with the reference. */
export function correctedProbabilities({ cells }: Pick<ExperimentResult, 'cells'>): CorrectedProbabilities {
	const families = new Map<string, { readonly cell: Cell; readonly p: number }[]>()
	for (const cell of cells) {
		if (!cell.paired) continue
		const key = JSON.stringify([cell.model, cell.condition])
		families.set(key, [...(families.get(key) ?? []), { cell, p: cell.paired.p }])
	}
	const corrected = [...families.values()].flatMap((family) => {
		const values = holmAdjusted(family.map(({ p }) => p))
		return family.map(({ cell }, index) => [cell, at(values, index)] as const)
	})
	return new Map(corrected)
}
