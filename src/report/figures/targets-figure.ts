/** Draws the paper's numbers against ours. */

import type { TopLevelSpec } from 'vega-lite'
import { at, present } from '../../core/at.js'
import type { Cell, ExperimentResult } from '../../experiments/experiment-result.js'
import { pointsText } from '../number-text.js'
import { topLegend } from './panels/curve-panel.js'
import { figureFrame, mostColumns, panelTitle } from './panels/layout.js'
import { styleScales } from './panels/method-styles.js'
import { placesOf, type Series, seriesOf } from './panels/series.js'
import type { ReportFigure } from './report-figure.js'
import { accuracyCell, figureName, numbersTable, protocolTexts } from './texts.js'

const width = 270

/** One figure per model with one panel per condition; none if the paper has no numbers. */
export function targetsFigures(result: ExperimentResult): ReportFigure[] {
	return placesOf(result, ({ target }) => target !== undefined).map(({ model, places }) =>
		targetsFigure(
			result,
			model,
			places.flatMap(({ cells }) => cells),
		),
	)
}

function targetsFigure(result: ExperimentResult, model: string, cells: readonly Cell[]): ReportFigure {
	const conditions = result.conditions.filter(({ name }) => cells.some(({ condition }) => condition === name))
	const series = seriesOf(result, cells)
	const name = figureName(result, 'beside-the-paper', model)
	const columns = Math.min(mostColumns, conditions.length)
	const title = "The paper's accuracy and ours"
	const rows = cells.toSorted((a, b) => Math.abs(targetOf(b).difference) - Math.abs(targetOf(a).difference))
	const lineOf = (cell: Cell) =>
		present(
			series.find((line) => line.cells.includes(cell)),
			`line of ${cell.method}`,
		).name
	const largest = at(rows, 0)
	const conditionOf = ({ condition: of }: Cell) =>
		present(
			conditions.find((condition) => condition.name === of),
			`condition ${of}`,
		).title
	const differences = cells.map((cell) => targetOf(cell).difference)
	const mean = differences.reduce((sum, one) => sum + one, 0) / differences.length
	const near = differences.filter((one) => Math.abs(one) <= 2).length
	return {
		name,
		title,
		sentence: `Of the paper's ${cells.length} numbers, ${near} differ from ours by at most 2 percentage points. Ours differ by ${pointsText(mean)} points on average; the largest difference is ${pointsText(targetOf(largest).difference)} points (${lineOf(largest)} on ${largest.dataset}, ${conditionOf(largest)}).`,
		figure: {
			...figureFrame(
				title,
				[
					...protocolTexts(result, model, cells),
					'One symbol per data set. On the line both are equal; above it ours is higher. Vertical lines: 95 % Wilson intervals of our numbers.',
				],
				columns,
				columns * width,
			),
			concat: conditions.map((condition, index) =>
				targetsPanel(
					cells.filter((cell) => cell.condition === condition.name).map((cell) => ({ cell, line: lineOf(cell) })),
					series,
					condition.title,
					index % columns === 0,
					columns * width,
				),
			),
		} satisfies TopLevelSpec,
		table: numbersTable(
			{ name, title },
			{ words: ['data set', 'method', 'condition'], numbers: ['paper', 'ours', 'difference in points'] },
			rows.map((cell) => ({
				words: [cell.dataset, lineOf(cell), conditionOf(cell)],
				numbers: [
					{ text: `${targetOf(cell).paper.toFixed(1)} %`, value: targetOf(cell).paper / 100 },
					accuracyCell(cell),
					{ text: pointsText(targetOf(cell).difference), value: targetOf(cell).difference / 100 },
				],
			})),
			['Largest differences first. In brackets 95 % Wilson intervals, in percent.'],
		),
	}
}

/** The paper's number of a cell that has one. */
function targetOf({ target, method }: Cell) {
	return present(target, `number of the paper for ${method}`)
}

function targetsPanel(
	found: readonly { readonly cell: Cell; readonly line: string }[],
	series: readonly Series[],
	title: string,
	named: boolean,
	legendWidth: number,
) {
	const scales = styleScales(series)
	const legend = topLegend(
		series.map((line) => line.name),
		legendWidth,
	)
	const shares = { domain: [0, 1] }
	const axis = { values: [0, 0.2, 0.4, 0.6, 0.8, 1], format: '.0%' }
	const x = { field: 'paper', type: 'quantitative' as const, title: 'paper', scale: shares, axis }
	const y = (field: string) => ({
		field,
		type: 'quantitative' as const,
		title: named ? 'ours' : null,
		scale: shares,
		axis,
	})
	const color = { field: 'line', type: 'nominal' as const, scale: scales.color, legend }
	return {
		width,
		height: width,
		title: panelTitle(title, width),
		data: {
			values: found.map(({ cell, line }) => ({
				line,
				paper: targetOf(cell).paper / 100,
				ours: cell.accuracy,
				low: cell.interval[0],
				high: cell.interval[1],
			})),
		},
		layer: [
			{
				data: {
					values: [
						{ paper: 0, ours: 0 },
						{ paper: 1, ours: 1 },
					],
				},
				mark: { type: 'line' as const, color: '#888888', strokeWidth: 1 },
				encoding: { x, y: y('ours') },
			},
			{
				mark: { type: 'rule' as const, strokeWidth: 1, opacity: 0.7 },
				encoding: { x, y: y('low'), y2: { field: 'high' }, color },
			},
			{
				mark: { type: 'point' as const, filled: true, size: 46, opacity: 0.9 },
				encoding: {
					x,
					y: y('ours'),
					color,
					shape: { field: 'line', type: 'nominal' as const, scale: scales.shape, legend },
				},
			},
		],
	}
}
