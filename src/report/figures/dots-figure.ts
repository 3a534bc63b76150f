/** Draws methods side by side under every condition, as dots with intervals. */

import type { TopLevelSpec } from 'vega-lite'
import { entry } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import type { Condition, ExperimentResult, Method } from '../../experiments/experiment-result.js'
import type { LineStyle } from '../figure-style.js'
import { percentNumber, percentText } from '../number-text.js'
import { figureFrame, panelTitle } from './panels/layout.js'
import { methodStyles } from './panels/method-styles.js'
import type { ReportFigure } from './report-figure.js'
import { accuracyCell, extremesText, figureName, numbersTable, protocolTexts } from './texts.js'

/** A dot; an average has no interval. */
interface Dot {
	readonly method: string
	readonly condition: string
	readonly y: number
	readonly low?: number
	readonly high?: number
	readonly barLow?: number
	readonly barHigh?: number
	readonly label: string
	/** Whether no other dot is higher. */
	readonly best: boolean
	readonly color: string
	readonly shape: string
}

/**
 * One figure per model and data set, preceded by one of the averages if there are several data sets. Only for the layout
 * `table`.
 */
export function dotsFigures(result: ExperimentResult): ReportFigure[] {
	if (result.layout !== 'table') return []
	return result.models.flatMap((model) => {
		const places = result.datasets.filter((dataset) =>
			result.cells.some((cell) => cell.model === model && cell.dataset === dataset),
		)
		return [...(places.length > 1 ? [undefined] : []), ...places].flatMap((dataset) =>
			dotsFigure(result, model, dataset),
		)
	})
}

/** @param dataset Missing means the average over all. */
function dotsFigure(result: ExperimentResult, model: string, dataset: string | undefined): ReportFigure[] {
	const table = result.conditions.filter(({ role }) => role === 'table')
	const styles = methodStyles(result.methods)
	const cells = result.cells.filter(
		(cell) =>
			cell.model === model &&
			(dataset === undefined || cell.dataset === dataset) &&
			table.some(({ name }) => name === cell.condition),
	)
	const shown = dataset === undefined ? result.averages.filter((average) => average.model === model) : cells
	const conditions = table.filter(({ name }) => shown.some(({ condition }) => condition === name))
	const methods = result.methods.filter(({ name }) => shown.some(({ method }) => method === name))
	if (conditions.length === 0) return []
	const place = dataset ?? 'average over data sets'
	const parts = result.datasets.length > 1 ? [dataset ?? 'average'] : []
	const name = figureName(result, 'accuracy', model, ...parts)
	const title = `Accuracy, ${place}`
	const find = (method: string, condition: string) => {
		const cell = cells.find((one) => one.method === method && one.condition === condition)
		if (dataset !== undefined) return cell
		return result.averages.find((one) => one.model === model && one.method === method && one.condition === condition)
	}
	const found = conditions.map((condition) => ({
		condition,
		values: methods.flatMap((method) => {
			const one = find(method.name, condition.name)
			return one ? [{ method, one }] : []
		}),
	}))
	const deviating = dataset !== undefined && cells.some(({ deviation }) => deviation !== undefined)
	const [least, most] = dataset === undefined ? countsOf(result, model, conditions) : [1, 1]
	// Means over different data sets do not compare methods.
	const comparable = least === most
	const intervals =
		dataset === undefined
			? `${comparable ? `Means over ${most} data sets. Bold: highest.` : `Means over ${least} to ${most} data sets, which are not comparable.`} A mean over data sets has no interval here.`
			: `Thin lines: 95 % Wilson intervals.${deviating ? ' Thick lines: standard deviation over seeds.' : ''} Bold: highest.`
	const columns =
		conditions.length > 3 && conditions.length !== 5 ? Math.ceil(conditions.length / 2) : conditions.length
	const width = Math.max(150, Math.min(320, Math.floor(760 / columns)))
	return [
		{
			name,
			title,
			sentence: comparable ? highestTexts(found) : intervals,
			figure: {
				...figureFrame(
					title,
					[...protocolTexts(result, model, cells), intervals],
					columns,
					columns * (width + 18) + 60,
					{ column: 18 },
				),
				concat: found.map(({ condition, values }, index) =>
					dotsPanel(
						values.map(({ method, one }) =>
							dotOf(
								method.title,
								condition.name,
								one,
								entry(styles, method.name),
								comparable ? Math.max(...values.map((value) => value.one.accuracy)) : Number.POSITIVE_INFINITY,
							),
						),
						methods.map((method) => method.title),
						condition.title,
						index % columns === 0,
						width,
					),
				),
			} satisfies TopLevelSpec,
			table: numbersTable(
				{ name, title },
				{ words: ['method'], numbers: conditions.map((condition) => condition.title) },
				methods.map((method) => ({
					words: [method.title],
					numbers: conditions.map(({ name: condition }) => {
						const one = find(method.name, condition)
						if (!one) return { text: '' }
						return 'interval' in one ? accuracyCell(one) : { text: percentText(one.accuracy), value: one.accuracy }
					}),
				})),
				dataset === undefined ? [intervals] : ['In brackets 95 % Wilson intervals, in percent.'],
			),
		},
	]
}

/** States the highest and the lowest method under every condition. */
function highestTexts(
	found: readonly {
		readonly condition: Condition
		readonly values: readonly { readonly method: Method; readonly one: { readonly accuracy: number } }[]
	}[],
): string {
	return found
		.map(
			({ condition, values }) =>
				`${condition.title}: ${extremesText(values.map(({ method, one }) => ({ name: method.title, value: one.accuracy })))}.`,
		)
		.join(' ')
}

/** The smallest and the largest number of data sets in a mean. */
function countsOf({ averages }: ExperimentResult, model: string, conditions: readonly Condition[]): [number, number] {
	const counts = averages
		.filter((one) => one.model === model && conditions.some(({ name }) => name === one.condition))
		.map(({ datasets }) => datasets)
	return [Math.min(...counts), Math.max(...counts)]
}

function dotOf(
	method: string,
	condition: string,
	one: { readonly accuracy: number; readonly interval?: readonly [number, number]; readonly deviation?: number },
	{ color, shape }: LineStyle,
	most: number,
): Dot {
	const { accuracy: y, interval, deviation } = one
	return {
		method,
		condition,
		y,
		...defined({
			low: interval ? interval[0] : undefined,
			high: interval ? interval[1] : undefined,
			barLow: deviation !== undefined ? Math.max(0, y - deviation) : undefined,
			barHigh: deviation !== undefined ? Math.min(1, y + deviation) : undefined,
		}),
		label: percentNumber(y),
		best: percentNumber(y) === percentNumber(most),
		color,
		shape,
	}
}

/** Methods from top to bottom, shares from left to right, and the numbers in a separate column. */
function dotsPanel(dots: readonly Dot[], methods: readonly string[], title: string, named: boolean, width: number) {
	const y = {
		field: 'method',
		type: 'nominal' as const,
		title: null,
		scale: { domain: [...methods] },
		axis: { labels: named, ticks: false, grid: true, labelLimit: 180, labelPadding: 6 },
	}
	const numbers = 40
	const end = width - numbers
	const x = (field: string) => ({
		field,
		type: 'quantitative' as const,
		title: 'accuracy in percent',
		scale: { domain: [0, 1], range: [0, end] },
		axis: { values: [0, 0.25, 0.5, 0.75, 1], labelExpr: "format(100 * datum.value, 'd')" },
	})
	const own = (field: 'color' | 'shape') => ({ field, type: 'nominal' as const, scale: null, legend: null })
	const spans = (from: 'low' | 'barLow', to: 'high' | 'barHigh', strokeWidth: number, opacity: number) =>
		dots.some((dot) => dot[from] !== undefined)
			? [
					{
						transform: [{ filter: `isValid(datum.${from})` }],
						mark: { type: 'rule' as const, strokeWidth, opacity },
						encoding: { y, x: x(from), x2: { field: to }, color: own('color') },
					},
				]
			: []
	return {
		data: { values: [...dots] },
		width,
		height: { step: methods.length > 12 ? 18 : 22 },
		title: panelTitle(title, width),
		layer: [
			...spans('low', 'high', 1.4, 1),
			...spans('barLow', 'barHigh', 8, 0.35),
			{
				mark: { type: 'point' as const, filled: true, size: 60, opacity: 1 },
				encoding: { y, x: x('y'), color: own('color'), shape: own('shape') },
			},
			{
				mark: {
					type: 'text' as const,
					align: 'right' as const,
					fontSize: 11,
					fontWeight: { expr: "datum.best ? 'bold' : 'normal'" },
					x: width - 4,
				},
				encoding: { y, text: { field: 'label' } },
			},
		],
	}
}
