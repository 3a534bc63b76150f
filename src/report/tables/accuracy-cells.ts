/** Accuracies as cells of tables. */

import { defined } from '../../core/defined.js'
import { type CorrectedProbabilities, level } from '../../experiments/correction.js'
import type { Average, Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { movedText, notTrained, untrained } from '../not-trained.js'
import { intervalText, percentNumber } from '../number-text.js'
import type { TableCell } from './table.js'

/** Follows accuracies that do not differ from the reference's beyond chance. */
export const dagger = '†'

/** Where there is no number. */
export const emptyCell: TableCell = { text: '–' }

/** A cell that names its row. */
export function headerCell(text: string, detail?: string): TableCell {
	return { text, header: true, ...defined({ detail }) }
}

/** Makes the cell of an accuracy. @param counted Whether it says its images where not all cells have as many; by default yes. */
export type AccuracyCell = (cell: Cell | undefined, counted?: boolean) => TableCell

/**
 * How a result's accuracies are written: in percent, a dagger where the reference is not told apart, and beside it the
 * standard deviation, the 95 % interval, and what differs from the other cells.
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

/** Whether the method is tuned, so that seeds matter. */
export function isTuned({ seeds }: Cell): boolean {
	return seeds.some(({ run }) => run !== undefined)
}

/**
 * An average over data sets. One that lacks some says so, as `48.3 (10)`, and does not compete with the others.
 * @param wanted Data sets that it should be over.
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
