/** Finds runs that hardly learned, whose numbers are not results of their method. */

import type { Average, Cell, ExperimentResult } from '../experiments/experiment-result.js'
import type { Learning } from '../records/experiment.js'
import { percentText } from './number-text.js'

/** Replaces a number in tables. */
export const notTrained = 'not trained'

/** The learning of a cell of which a run hardly learned with any seed; undefined for all others. */
export function untrained({ seeds }: Cell): Learning | undefined {
	return seeds.find(({ learning }) => learning && !learning.trained)?.learning
}

/** States what changed and by how much, such as `clean loss 1.57 to 1.47 (−6.4 %), parameters by 0.3 %`. */
export function movedText({ cleanLoss, adversarialLoss, moved }: Learning): string {
	return [
		`clean loss ${lossText(cleanLoss)}`,
		...(adversarialLoss ? [`loss under attack ${lossText(adversarialLoss)}`] : []),
		...(moved === undefined ? [] : [`parameters by ${percentText(moved)}`]),
	].join(', ')
}

/** A loss in the first epoch and in the last, with its change. */
export function lossText([first, final]: readonly [number, number]): string {
	const change = first > 0 ? (100 * (final - first)) / first : 0
	const size = Math.abs(change).toFixed(1)
	return `${first.toFixed(2)} to ${final.toFixed(2)} (${Number(size) === 0 ? '0.0' : change > 0 ? `+${size}` : `−${size}`} %)`
}

/** Whether a cell of a row hardly learned, so that the row has no average. */
export function averageIsUntrained(result: ExperimentResult, average: Omit<Average, 'accuracy' | 'datasets'>): boolean {
	return result.cells.some(
		(cell) =>
			cell.model === average.model &&
			cell.method === average.method &&
			cell.condition === average.condition &&
			cell.point === average.point &&
			untrained(cell) !== undefined,
	)
}

/** The result without runs that hardly learned, for verdicts, comparisons and figures. */
export function trainedResult(result: ExperimentResult): ExperimentResult {
	if (result.cells.every((cell) => untrained(cell) === undefined)) return result
	return {
		...result,
		cells: result.cells.filter((cell) => untrained(cell) === undefined),
		averages: result.averages.filter((average) => !averageIsUntrained(result, average)),
	}
}
