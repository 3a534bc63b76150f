/** What could not be measured. */

import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { emptyCell } from './accuracy-cells.js'
import { modelName, pointName } from './places.js'
import type { ReportTable, TableCell } from './table.js'

/** A row per data set that is left out and per cell that failed; no table where there are none. */
export function problemTables(result: ExperimentResult): ReportTable[] {
	const { missing, problems, axis } = result
	if (missing.length + problems.length === 0) return []
	const titleOf = (all: readonly { readonly name: string; readonly title: string }[], name: string | undefined) =>
		textCell(all.find((one) => one.name === name)?.title ?? name)
	const left = missing.map(({ dataset, reason }) => ({
		cells: [
			emptyCell,
			{ text: dataset },
			emptyCell,
			emptyCell,
			...(axis ? [emptyCell] : []),
			emptyCell,
			{ text: oneLine(reason) },
		],
	}))
	const failed = problems.map(({ model, dataset, method, condition, point, seed, message }) => ({
		cells: [
			{ text: modelName(result, model) },
			{ text: dataset },
			titleOf(result.methods, method),
			titleOf(result.conditions, condition),
			...(axis ? [textCell(point === undefined ? undefined : pointName(result, point))] : []),
			textCell(seed?.toString()),
			{ text: oneLine(message) },
		],
	}))
	return [
		{
			name: 'not-measured',
			title: `${result.title}: not measured`,
			notes: ['Where a column is empty, the row concerns all of them.'],
			columns: ['model', 'data set', 'method', 'condition', ...(axis ? [axis.title] : []), 'seed', 'why'].map(
				(title) => ({ title, align: 'left' }),
			),
			rows: [...left, ...failed],
		},
	]
}

function textCell(text: string | undefined): TableCell {
	return text === undefined ? emptyCell : { text }
}

function oneLine(text: string): string {
	return text.trim().replaceAll(/\s*\n\s*/g, ' ')
}
