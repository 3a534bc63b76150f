/** Formats accuracies as table cells. */

import { defined } from '../../core/defined.js'
import { type CorrectedProbabilities, level } from '../../experiments/correction.js'
import type { Average, Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { movedText, notTrained, untrained } from '../not-trained.js'
import { intervalText, percentNumber } from '../number-text.js'
import type { TableCell } from './table.js'

/** Marks accuracies that do not differ significantly from the reference's. */
export const dagger = '†'

/** A cell without a number. */
export const emptyCell: TableCell = { text: '–' }

/** A cell that names its row. */
export function headerCell(text: string, detail?: string): TableCell {
	return { text, header: true, ...defined({ detail }) }
}

/**
 * Makes the cell of an accuracy.
 * @param counted Whether it states its number of images if cells differ in it; true by default.
 */
export type AccuracyCell = (cell: Cell | undefined, counted?: boolean) => TableCell

/**
 * Returns the format of a result's accuracies: in percent, with a dagger if not significantly different from the reference,
 * and beside it the standard deviation, the 95 % interval, and what differs from the other cells.
 */
export function accuracyCells(
	{ cells, seeds }: Pick<ExperimentResult, 'cells' | 'seeds'>,
	corrected: CorrectedProbabilities,
): AccuracyCell {
	const sameImages = new Set(cells.map(({ images }) => images)).size === 1
	return (cell, counted = true) => {
		if (!cell) return emptyCell
		const moved = untrained(cell)
		if (moved) return { text: notTrained, detail: movedText(moved) }
		const { accuracy, interval, deviation, images } = cell
		const unsure = (corrected.get(cell) ?? 0) >= level
		const wanted = isTuned(cell) ? seeds.length : 1
		const details = [
			...(deviation === undefined ? [] : [`± ${percentNumber(deviation)}`]),
			intervalText(interval),
			...(sameImages || !counted ? [] : [`n = ${images}`]),
			...(cell.seeds.length < wanted ? [`${cell.seeds.length} of ${wanted} seeds`] : []),
		]
		return { text: percentNumber(accuracy) + (unsure ? dagger : ''), value: accuracy, detail: details.join(', ') }
	}
}

/** Whether the method is tuned and so depends on seeds. */
export function isTuned({ seeds }: Cell): boolean {
	return seeds.some(({ run }) => run !== undefined)
}

/**
 * An average over data sets. An incomplete one shows its number of data sets, as in `48.3 (10)`, and does not compete with
 * the others.
 * @param wanted Number of data sets of a complete average.
 */
export function averageCell(average: Average | undefined, wanted: number): TableCell {
	if (!average) return emptyCell
	const { accuracy, datasets } = average
	if (datasets >= wanted) return { text: percentNumber(accuracy), value: accuracy }
	return {
		text: `${percentNumber(accuracy)} (${datasets})`,
		value: accuracy,
		detail: `${datasets} of ${wanted} data sets`,
		best: false,
	}
}
