/** Draws accuracy over the option that an ablation varies. */

import { at, entry, last } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import type { Axis, Cell, Condition, ExperimentResult } from '../../experiments/experiment-result.js'
import { percentText } from '../number-text.js'
import { pointName } from '../tables/places.js'
import { bandsText, curveFigure, mostBands } from './curve-figure.js'
import type { CurvePoint } from './panels/curve-panel.js'
import { conditionStyle, methodStyles, type NamedStyle } from './panels/method-styles.js'
import { type DatasetCells, placesOf } from './panels/series.js'
import type { ReportFigure } from './report-figure.js'
import { accuracyCell, figureName, highestText, listText, numbersTable, protocolTexts } from './texts.js'

/** A method under a condition. */
interface Line extends NamedStyle {
	readonly method: string
	readonly condition: Condition
	/** Whether the line depends on the axis; otherwise it is horizontal. */
	readonly varies: boolean
}

/** One figure per model with one panel per data set; none if nothing varies. */
export function ablationFigures(result: ExperimentResult): ReportFigure[] {
	const { axis, layout, conditions } = result
	if (!axis || layout !== 'curve') return []
	const table = new Set(conditions.filter(({ role }) => role === 'table').map(({ name }) => name))
	return placesOf(result, ({ condition }) => table.has(condition)).map(({ model, places }) =>
		ablationFigure(result, axis, model, places),
	)
}

function linesOf({ methods, conditions }: ExperimentResult, cells: readonly Cell[]): Line[] {
	const styles = methodStyles(methods)
	const shown = conditions.filter(({ role }) => role === 'table')
	return shown.flatMap((condition, index) =>
		methods.flatMap((method): Line[] => {
			const own = cells.filter((cell) => cell.method === method.name && cell.condition === condition.name)
			if (own.length === 0) return []
			return [
				{
					name: `${method.title}, ${inSentence(condition.title)}`,
					style: conditionStyle(entry(styles, method.name), index),
					method: method.name,
					condition,
					varies: own.some(({ point }) => point !== undefined),
				},
			]
		}),
	)
}

/** Adapts a title for use within a sentence; names keep their capitals. */
function inSentence(title: string): string {
	return /^[A-Z][a-z ]+$/.test(title) ? title.toLowerCase() : title
}

function ablationFigure(
	result: ExperimentResult,
	axis: Axis,
	model: string,
	places: readonly DatasetCells[],
): ReportFigure {
	const datasets = places.map(({ dataset }) => dataset)
	const cells = places.flatMap((place) => place.cells)
	const lines = linesOf(result, cells)
	const banded = lines.filter(({ varies }) => varies).length <= 1.5 * mostBands
	const ends = [at(axis.values, 0), last(axis.values)]
	const ofLine = (line: Line, dataset: string) =>
		cells.filter(
			(cell) => cell.dataset === dataset && cell.method === line.method && cell.condition === line.condition.name,
		)
	const pointsOf = (line: Line, dataset: string): CurvePoint[] =>
		ofLine(line, dataset).flatMap(({ point, accuracy: y, interval: [low, high], deviation }): CurvePoint[] => {
			if (point === undefined) return line.varies ? [] : ends.map((x) => ({ line: line.name, x, y }))
			const bar =
				deviation === undefined ? {} : { barLow: Math.max(0, y - deviation), barHigh: Math.min(1, y + deviation) }
			return [
				{
					line: line.name,
					x: point,
					y,
					...defined({ low: banded ? low : undefined, high: banded ? high : undefined }),
					...bar,
				},
			]
		})
	const name = figureName(result, `accuracy-over-${axis.name}`, model)
	const title = `Accuracy over ${axis.title}`
	const constant = result.methods.filter(({ name: method }) =>
		lines.some((line) => line.method === method && !line.varies),
	)
	const explanation = [
		bandsText(banded),
		...(cells.some(({ deviation }) => deviation !== undefined) ? ['Bars: standard deviation over seeds.'] : []),
		...(constant.length > 0
			? [`${listText(constant.map((method) => method.title))}: horizontal, because nothing varies.`]
			: []),
	]
	return {
		name,
		title,
		sentence: lines
			.filter(({ varies }) => varies)
			.map((line) => {
				const courses = datasets.map((dataset) => ({ dataset, cells: ofLine(line, dataset) }))
				return datasets.length < 3
					? courses.map((course) => courseText(line, course.dataset, axis, course.cells)).join(' ')
					: peaksText(line, axis, courses)
			})
			.join(' '),
		figure: curveFigure({
			title,
			notes: [...protocolTexts(result, model, cells), explanation.join(' ')],
			datasets,
			lines,
			points: (dataset) => lines.flatMap((line) => pointsOf(line, dataset)),
			axis: {
				title: axis.title,
				values: axis.values,
				labels: axis.values.map((value) => pointName({ axis }, value)),
				scale: axis.scale === 'log' && at(axis.values, 0) <= 0 ? 'zero-log' : axis.scale,
			},
			legendGroup: new Set(lines.map(({ method }) => method)).size,
		}),
		table: numbersTable(
			{ name, title },
			{ words: ['data set', 'method and condition', axis.name], numbers: ['accuracy'] },
			datasets.flatMap((dataset) =>
				lines.flatMap((line) =>
					ofLine(line, dataset).map((cell) => ({
						words: [dataset, line.name, cell.point === undefined ? '' : pointName({ axis }, cell.point)],
						numbers: [accuracyCell(cell)],
					})),
				),
			),
			['In brackets 95 % Wilson intervals, in percent.'],
		),
	}
}

/** States where a line begins, ends and peaks. */
function courseText(line: Line, dataset: string, axis: Axis, cells: readonly Cell[]): string {
	const course = cells
		.flatMap(({ point, accuracy }) => (point === undefined ? [] : [{ point, accuracy }]))
		.toSorted((a, b) => a.point - b.point)
	if (course.length === 0) return `${line.name} was not measured on ${dataset}.`
	const [start, end] = [at(course, 0), last(course)]
	const best = course.reduce((most, cell) => (cell.accuracy > most.accuracy ? cell : most))
	const accuracyAt = ({ point, accuracy }: (typeof course)[number]) =>
		`${percentText(accuracy)} at ${pointName({ axis }, point)}`
	const peak = best === start || best === end ? '' : `, highest ${accuracyAt(best)}`
	return `${line.name} on ${dataset}: ${course.length === 1 ? accuracyAt(start) : `from ${accuracyAt(start)} to ${accuracyAt(end)}${peak}`}.`
}

/** States where a line peaks, and on how many data sets. */
function peaksText(line: Line, axis: Axis, courses: readonly DatasetCells[]): string {
	return `${line.name}: ${highestText(
		`over ${axis.title}`,
		courses.map(({ dataset, cells }) => ({
			place: dataset,
			values: cells.flatMap(({ point, accuracy }) =>
				point === undefined ? [] : [{ name: pointName({ axis }, point), value: accuracy }],
			),
		})),
	)}`
}
