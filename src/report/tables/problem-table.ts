/** Lists what could not be measured. */

import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { emptyCell } from './accuracy-cells.js'
import { modelName, pointName } from './places.js'
import type { ReportTable, TableCell } from './table.js'

/** A row per skipped data set and failed cell; no table if there are none. */
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
			notes: ['An empty column means that the row concerns all its values.'],
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
