/** The best and the second best of cells that compete. */

import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import type { TableCell } from './table.js'

/**
 * Marks the largest value and the one below it, each with all that a reader sees as equal: values count as shown, to a tenth
 * of a percent. Nothing is marked where fewer than two compete.
 * @param cells Accuracies in [0, 1]; those without a value, and those that are said not to be the best, do not compete.
 */
export function markBest(cells: readonly TableCell[]): TableCell[] {
	const shown = cells.map(({ value, best }) =>
		value === undefined || best === false ? undefined : Number((100 * value).toFixed(1)),
	)
	const competing = shown.filter((value) => value !== undefined)
	if (competing.length < 2) return [...cells]
	const best = Math.max(...competing)
	const second = Math.max(...competing.filter((value) => value < best))
	return cells.map((cell, index) => ({
		...cell,
		...defined({ best: shown[index] === best ? true : undefined, second: shown[index] === second ? true : undefined }),
	}))
}

/** Marks every column of rows by itself. @param from Columns before this one do not compete. */
export function markColumns(rows: readonly (readonly TableCell[])[], from: number): TableCell[][] {
	const columns = (rows[0] ?? []).map((_, index) => {
		const column = rows.map((row) => at(row, index))
		return index < from ? column : markBest(column)
	})
	return rows.map((_, row) => columns.map((column) => at(column, row)))
}
