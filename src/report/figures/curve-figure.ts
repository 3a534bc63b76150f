/** A figure of lines: one panel per data set, one legend for all. */

import type { TopLevelSpec } from 'vega-lite'
import { defined } from '../../core/defined.js'
import type { Figure } from '../figure.js'
import { type CurveAxis, type CurvePoint, curvePanel } from './panels/curve-panel.js'
import { figureFrame, mostColumns } from './panels/layout.js'
import type { NamedStyle } from './panels/method-styles.js'

/** With more lines than this, bands would hide each other and are omitted. */
export const mostBands = 4

/** The content of a figure. */
export interface CurveFigure {
	readonly title: string
	/** Lines below the title. */
	readonly notes: readonly string[]
	/** Data sets in the order of the panels. */
	readonly datasets: readonly string[]
	/** All lines, in the order of the legend. */
	readonly lines: readonly NamedStyle[]
	/** Shares on one data set. */
	readonly points: (dataset: string) => readonly CurvePoint[]
	readonly axis: CurveAxis
	/** Number of lines that belong together; the legend keeps them in one row if they fit. */
	readonly legendGroup?: number
}

/** The figure as a Vega-Lite specification. */
export function curveFigure({ title, notes, datasets, lines, points, axis, legendGroup }: CurveFigure): Figure {
	const single = datasets.length === 1
	const columns = Math.min(mostColumns, datasets.length)
	const width = single ? 560 : 290
	const panels = datasets.map((dataset) => ({ dataset, points: points(dataset) }))
	const tops = panels.flatMap((panel) => panel.points.map(({ y, high = 0, barHigh = 0 }) => Math.max(y, high, barHigh)))
	return {
		...figureFrame(title, notes, columns, columns * width),
		concat: panels.map((panel, at) =>
			curvePanel({
				points: panel.points,
				lines,
				...defined({ title: single ? undefined : panel.dataset }),
				yTitle: at % columns === 0 ? 'accuracy' : '',
				most: topOfShares(tops),
				x: axis,
				width,
				height: single ? 290 : 190,
				legendWidth: columns * width,
				...defined({ legendGroup }),
			}),
		),
	} satisfies TopLevelSpec
}

/** Explains the bands, or says where to find intervals that are not drawn. */
export function bandsText(banded: boolean): string {
	return banded ? 'Bands: 95 % Wilson intervals.' : 'For this many lines, see the intervals in the table of numbers.'
}

/** Upper end of the vertical axis of shares: the next ten percent above all values. */
function topOfShares(values: readonly number[]): number {
	return Math.min(1, Math.max(0.1, Math.ceil(Math.max(...values) * 10 + 0.2) / 10))
}
