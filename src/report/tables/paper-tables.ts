/** Compares our numbers with the paper's. */

import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { intervalText, percentNumber, pointsText } from '../number-text.js'
import { emptyCell, headerCell } from './accuracy-cells.js'
import { scopeNotes } from './notes.js'
import { averageFinder, cellFinder, fileStem, methodPoints, modelName, pointName } from './places.js'
import type { ReportTable, TableCell, TableColumn, TableRow } from './table.js'

/**
 * For each model, the cells that the paper prints too, and its averages with the means of its cells; none without paper
 * numbers.
 */
export function paperTables(result: ExperimentResult): ReportTable[] {
	return result.models.flatMap((model) => [...cellsBeside(result, model), ...averagesBeside(result, model)])
}

/**
 * With several data sets a column for each, and rows for ours, the paper's and the difference; with one data set those are
 * the columns.
 */
function cellsBeside(result: ExperimentResult, model: string): ReportTable[] {
	const { datasets, axis } = result
	const find = cellFinder(result)
	const single = datasets.length === 1
	const rows = rowPlaces(result, model).flatMap(({ place, title, group }): TableRow[] => {
		const cells = datasets.map((dataset) => find({ ...place, dataset }))
		if (!cells.some((cell) => cell?.target)) return []
		const heads = [headerCell(title), ...(axis ? [{ text: pointName(result, place.point) }] : [])]
		const read = quantities.map((quantity) =>
			cells.map((cell) => (cell?.target ? quantity.read(cell, cell.target) : emptyCell)),
		)
		if (single) return [{ group, cells: [...heads, ...read.map(([cell = emptyCell]) => cell)] }]
		return quantities.map((quantity, index) => ({
			group,
			cells: [...heads, { text: quantity.title }, ...at(read, index)],
		}))
	})
	if (rows.length === 0) return []
	const numbers = (single ? quantities.map((quantity) => quantity.title) : datasets).map((name) =>
		column(name, 'right'),
	)
	return [
		{
			name: stem(result, model, 'paper'),
			title: `${result.title}: compared with the paper, ${[modelName(result, model), ...(single ? datasets : [])].join(' on ')}`,
			notes: [
				'Accuracy in %, ours with its 95 % Wilson interval; difference: ours minus the paper, in percentage points.',
				...scopeNotes(result),
			],
			columns: [
				column('method', 'left'),
				...(axis ? [column(axis.title, 'right')] : []),
				...(single ? [] : [column('', 'left')]),
				...numbers,
			],
			rows,
		},
	]
}

const quantities: readonly {
	readonly title: string
	readonly read: (cell: Cell, target: NonNullable<Cell['target']>) => TableCell
}[] = [
	{
		title: 'ours',
		read: ({ accuracy, interval }) => ({
			text: percentNumber(accuracy),
			value: accuracy,
			detail: intervalText(interval),
		}),
	},
	{ title: 'paper', read: (_, { paper }) => paperCell(paper) },
	{ title: 'difference', read: (_, { difference }) => differenceCell(difference) },
]

function averagesBeside(result: ExperimentResult, model: string): ReportTable[] {
	const { datasets, axis } = result
	const find = cellFinder(result)
	const average = averageFinder(result)
	const rows = rowPlaces(result, model).flatMap(({ place, title, group }): TableRow[] => {
		const own = average(place)
		if (!own?.target) return []
		const { stated, recomputed } = own.target
		const targets = datasets.flatMap((dataset) => find({ ...place, dataset })?.target ?? [])
		const same =
			targets.length === own.datasets ? targets.reduce((sum, { paper }) => sum + paper, 0) / targets.length : undefined
		return [
			{
				group,
				cells: [
					headerCell(title),
					...(axis ? [{ text: pointName(result, place.point) }] : []),
					{ text: String(own.datasets), value: own.datasets },
					{ text: percentNumber(own.accuracy), value: own.accuracy },
					same === undefined ? emptyCell : paperCell(same),
					same === undefined ? emptyCell : differenceCell(100 * own.accuracy - same),
					recomputed === undefined ? emptyCell : paperCell(recomputed),
					stated === undefined ? emptyCell : paperCell(stated),
					stated === undefined || recomputed === undefined ? emptyCell : differenceCell(stated - recomputed),
				],
			},
		]
	})
	if (rows.length === 0) return []
	return [
		{
			name: stem(result, model, 'paper-averages'),
			title: `${result.title}: averages of ${modelName(result, model)} compared with the paper`,
			notes: [
				"In %. Ours is the mean over the measured data sets; beside it are the mean of the paper's cells for the same ones, and the difference in percentage points.",
				"All cells: the mean of all cells in the paper's row; stated: the paper's printed average; off: stated minus that mean. If they disagree, the mean of the cells counts.",
				...scopeNotes(result),
			],
			columns: [
				column('method', 'left'),
				...(axis ? [column(axis.title, 'right')] : []),
				...['data sets', 'ours', 'paper, same', 'difference', 'paper, all cells', 'paper, stated', 'off'].map((title) =>
					column(title, 'right'),
				),
			],
			rows,
		},
	]
}

function rowPlaces(result: ExperimentResult, model: string) {
	return result.conditions.flatMap(({ name: condition, title: group }) =>
		result.methods.flatMap(({ name: method, title }) =>
			methodPoints(result, method).map((point) => ({
				place: { model, method, condition, ...defined({ point }) },
				title,
				group,
			})),
		),
	)
}

function stem(result: ExperimentResult, model: string, name: string): string {
	return result.models.length > 1 ? fileStem(name, modelName(result, model)) : name
}

function column(title: string, align: TableColumn['align']): TableColumn {
	return { title, align }
}

/** A number of the paper, in percent. */
function paperCell(percent: number): TableCell {
	return { text: percent.toFixed(1), value: percent / 100 }
}

/** In percentage points. */
function differenceCell(points: number): TableCell {
	return { text: pointsText(points), value: points / 100 }
}
