/** Compares every method with the reference on the same images. */

import { defined } from '../../core/defined.js'
import { correctedProbabilities, level } from '../../experiments/correction.js'
import type { Cell, ExperimentResult, PairedResult } from '../../experiments/experiment-result.js'
import { pointsIntervalText, pointsText, probabilityText } from '../number-text.js'
import { headerCell } from './accuracy-cells.js'
import { scopeNotes } from './notes.js'
import { cellFinder, methodPoints, modelName, pointName } from './places.js'
import type { ReportTable, TableColumn, TableRow } from './table.js'

/** A row per paired cell, grouped by condition; no table if nothing is paired. */
export function pairedTables(result: ExperimentResult): ReportTable[] {
	const { models, datasets, methods, conditions, axis, reference } = result
	const corrected = correctedProbabilities(result)
	const find = cellFinder(result)
	const title = methods.find(({ name }) => name === reference)?.title ?? reference ?? ''
	const row = (cell: Cell, paired: PairedResult, group: string, method: string): TableRow => {
		const { onlyThis, onlyReference, p, difference, interval } = paired
		const adjusted = corrected.get(cell) ?? p
		return {
			group,
			cells: [
				headerCell(method),
				...(models.length > 1 ? [{ text: modelName(result, cell.model) }] : []),
				...(datasets.length > 1 ? [{ text: cell.dataset }] : []),
				...(axis ? [{ text: pointName(result, cell.point) }] : []),
				{
					text: pointsText(100 * difference),
					value: difference,
					...defined({ best: adjusted < level && difference > 0 ? true : undefined }),
				},
				{ text: pointsIntervalText(interval) },
				{ text: String(onlyThis), value: onlyThis },
				{ text: String(onlyReference), value: onlyReference },
				{ text: probabilityText(p), value: p },
				{ text: probabilityText(adjusted), value: adjusted },
			],
		}
	}
	const rows = conditions.flatMap(({ name: condition, title: group }) =>
		models.flatMap((model) =>
			datasets.flatMap((dataset) =>
				methods.flatMap(({ name: method, title: methodTitle }) =>
					methodPoints(result, method).flatMap((point) => {
						const cell = find({ model, dataset, method, condition, ...defined({ point }) })
						return cell?.paired ? [row(cell, cell.paired, group, methodTitle)] : []
					}),
				),
			),
		),
	)
	if (rows.length === 0) return []
	const left = (text: string): TableColumn => ({ title: text, align: 'left' })
	const right = (text: string): TableColumn => ({ title: text, align: 'right' })
	return [
		{
			name: 'paired',
			title: `${result.title}: compared with ${title} on the same images`,
			notes: [
				`Difference: accuracy minus that of ${title} in percentage points, mean over seeds, with the 95 % interval of a paired bootstrap over images.`,
				`Only this, only ${title}: images that only one of the two gets right, for the first seed; p: exact two-sided McNemar test on them.`,
				"p (Holm): corrected over all comparisons of a model under a condition, by Holm's method.",
				`Bold: better than ${title} with p (Holm) < ${level}.`,
				...scopeNotes(result),
			],
			columns: [
				left('method'),
				...(models.length > 1 ? [left('model')] : []),
				...(datasets.length > 1 ? [left('data set')] : []),
				...(axis ? [right(axis.title)] : []),
				right('difference'),
				right('95 % interval'),
				right('only this'),
				right(`only ${title}`),
				right('p'),
				right('p (Holm)'),
			],
			rows,
		},
	]
}
