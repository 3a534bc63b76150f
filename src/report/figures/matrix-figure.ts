/** Draws values of an axis against conditions, such as the epsilon of tuning against that of the attack. */

import type { TopLevelSpec } from 'vega-lite'
import { entry, present } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import type { Axis, Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { intervalText, percentNumber } from '../number-text.js'
import { pointName } from '../tables/places.js'
import { heatPanel } from './panels/heat-panel.js'
import { figureFrame } from './panels/layout.js'
import { type DatasetCells, placesOf } from './panels/series.js'
import type { ReportFigure } from './report-figure.js'
import { accuracyCell, figureName, highestText, numbersTable, protocolTexts } from './texts.js'

/** Maximum width of panels side by side. */
const mostWidth = 1000

/** One figure per model with one panel per data set; none for other layouts. */
export function matrixFigures(result: ExperimentResult): ReportFigure[] {
	const { axis, layout, conditions } = result
	if (!axis || layout !== 'matrix') return []
	const table = new Set(conditions.filter(({ role }) => role === 'table').map(({ name }) => name))
	return placesOf(result, ({ condition }) => table.has(condition)).map(({ model, places }) =>
		matrixFigure(result, axis, model, places),
	)
}

function matrixFigure(
	result: ExperimentResult,
	axis: Axis,
	model: string,
	datasets: readonly DatasetCells[],
): ReportFigure {
	const cells = datasets.flatMap((place) => place.cells)
	const conditions = result.conditions.filter(({ name }) => cells.some(({ condition }) => condition === name))
	const methods = result.methods.filter(({ name }) => cells.some(({ method }) => method === name))
	const varied = methods.filter(({ name }) => cells.some(({ method, point }) => method === name && point !== undefined))
	const rowOf = ({ method, point }: Cell) => {
		const { title } = present(
			methods.find(({ name }) => name === method),
			`method ${method}`,
		)
		if (point === undefined) return title
		return varied.length > 1 ? `${title}, ${pointName({ axis }, point)}` : pointName({ axis }, point)
	}
	const places = new Map(result.methods.map(({ name }, index) => [name, index]))
	const ordered = cells.toSorted(
		(a, b) => entry(places, a.method) - entry(places, b.method) || (a.point ?? 0) - (b.point ?? 0),
	)
	const rows = [...new Set(ordered.map(rowOf))]
	const describedRow = (cell: Cell) =>
		cell.point === undefined || varied.length > 1 ? rowOf(cell) : `${axis.title} ${rowOf(cell)}`
	const titles = new Map(conditions.map(({ name, title }) => [name, title]))
	const name = figureName(result, `${axis.name}-by-attack`, model)
	const title = `Accuracy by ${axis.title} and attack`
	const square = Math.max(74, 7 * Math.max(...conditions.map((condition) => condition.title.length)))
	const names = 50 + 9 * Math.max(...rows.map((row) => row.length))
	const columns = datasets.length > 1 && 2 * square * conditions.length + names <= mostWidth ? 2 : 1
	return {
		name,
		title,
		sentence: conditions
			.map((condition) =>
				highestText(
					`for ${condition.title}`,
					datasets.map((place) => ({
						place: place.dataset,
						values: place.cells
							.filter((cell) => cell.condition === condition.name)
							.map((cell) => ({ name: describedRow(cell), value: cell.accuracy })),
					})),
				),
			)
			.join(' '),
		figure: {
			...figureFrame(
				title,
				[
					...protocolTexts(result, model, cells),
					'Accuracy in percent above its 95 % Wilson interval; darker is higher.',
				],
				columns,
				columns * (square * conditions.length + names) - names,
				{ column: names },
			),
			concat: datasets.map((place) =>
				heatPanel({
					cells: place.cells.map((cell) => ({
						row: rowOf(cell),
						column: entry(titles, cell.condition),
						share: cell.accuracy,
						text: percentNumber(cell.accuracy),
						detail: intervalText(cell.interval),
					})),
					rows,
					columns: conditions.map((condition) => condition.title),
					...defined({ title: datasets.length > 1 ? place.dataset : undefined }),
					rowTitle: axis.title,
					columnTitle: 'tested on',
					width: square,
					height: 38,
				}),
			),
		} satisfies TopLevelSpec,
		table: numbersTable(
			{ name, title },
			{ words: ['data set', axis.name], numbers: conditions.map((condition) => condition.title) },
			datasets.flatMap(({ dataset, cells: own }) =>
				rows
					.filter((row) => own.some((cell) => rowOf(cell) === row))
					.map((row) => ({
						words: [dataset, row],
						numbers: conditions.map((condition) => {
							const cell = own.find((one) => one.condition === condition.name && rowOf(one) === row)
							return cell ? accuracyCell(cell) : { text: '' }
						}),
					})),
			),
			['In brackets 95 % Wilson intervals, in percent.'],
		),
	}
}
