/** Draws one panel of lines over numbers, with bands and deviations. */

import { defined } from '../../../core/defined.js'
import { panelTitle } from './layout.js'
import { type NamedStyle, styleScales } from './method-styles.js'

/** One point of a line. */
export interface CurvePoint {
	readonly line: string
	readonly x: number
	readonly y: number
	/** The band around the line. */
	readonly low?: number
	readonly high?: number
	/** Ends of a bar through the point, such as a standard deviation on either side. */
	readonly barLow?: number
	readonly barHigh?: number
}

/** The horizontal axis. */
export interface CurveAxis {
	readonly title: string
	/** Positions of the ticks, ascending. */
	readonly values: readonly number[]
	/** Labels of the ticks; same length. */
	readonly labels: readonly string[]
	/** `zero-log` is logarithmic beyond about 1 and reaches 0. */
	readonly scale: 'linear' | 'log' | 'zero-log'
}

/** The content of a panel. */
export interface CurvePanel {
	readonly points: readonly CurvePoint[]
	/** All lines of the figure. */
	readonly lines: readonly NamedStyle[]
	readonly title?: string
	readonly yTitle: string
	/** Largest share on the vertical axis, which begins at 0. */
	readonly most: number
	readonly x: CurveAxis
	readonly width: number
	readonly height: number
	/** Available width for the legend. */
	readonly legendWidth: number
	/** Number of lines that belong together; the legend keeps them in one row if they fit. */
	readonly legendGroup?: number
}

/** Number of legend entries that fit side by side in a width, at the figures' text size. */
export function legendColumns(names: readonly string[], width: number): number {
	const longest = Math.max(...names.map((name) => name.length))
	return Math.max(1, Math.min(names.length, Math.floor(width / (8 * longest + 40))))
}

/** A legend above the panels. */
export function topLegend(names: readonly string[], width: number, group = 1) {
	const fit = legendColumns(names, width)
	return {
		title: null,
		orient: 'top' as const,
		direction: 'horizontal' as const,
		columns: fit < group ? fit : fit - (fit % group),
		symbolOpacity: 1,
		// Otherwise its outline would be dashed like the line.
		symbolStrokeWidth: 0,
		columnPadding: 20,
		labelLimit: 320,
	}
}

/** The panel as a part of a Vega-Lite specification. */
export function curvePanel(panel: CurvePanel) {
	const { points, lines, title, yTitle, most, width, height } = panel
	const scales = styleScales(lines)
	const names = lines.map(({ name }) => name)
	const legend = topLegend(names, panel.legendWidth, panel.legendGroup)
	const x = { field: 'x', type: 'quantitative' as const, ...horizontal(panel.x, width) }
	const y = (field: string) => ({
		field,
		type: 'quantitative' as const,
		title: yTitle,
		scale: { domain: [0, most] },
		axis: { tickCount: 5, format: '.0%' },
	})
	const named = { field: 'line', type: 'nominal' as const }
	const color = { ...named, scale: scales.color, legend }
	return {
		data: { values: [...points] },
		width,
		height,
		...defined({ title: title === undefined ? undefined : panelTitle(title, width) }),
		layer: [
			...(points.some(({ low }) => low !== undefined)
				? [
						{
							transform: [{ filter: 'isValid(datum.low)' }],
							mark: { type: 'area' as const, opacity: 0.15, clip: true },
							encoding: { x, y: y('low'), y2: { field: 'high' }, color },
						},
					]
				: []),
			{
				mark: { type: 'line' as const, strokeWidth: 1.8, clip: true },
				encoding: { x, y: y('y'), color, strokeDash: { ...named, scale: scales.strokeDash, legend } },
			},
			...(points.some(({ barLow }) => barLow !== undefined)
				? [
						{
							transform: [{ filter: 'isValid(datum.barLow)' }],
							mark: { type: 'rule' as const, strokeWidth: 1.6, clip: true },
							encoding: { x, y: y('barLow'), y2: { field: 'barHigh' }, color },
						},
					]
				: []),
			{
				mark: { type: 'point' as const, filled: true, size: 42, opacity: 1 },
				encoding: { x, y: y('y'), color, shape: { ...named, scale: scales.shape, legend } },
			},
		],
	}
}

function horizontal({ title, values, labels, scale }: CurveAxis, width: number) {
	const types = { linear: { zero: false }, log: { type: 'log' as const }, 'zero-log': symmetric }
	return {
		title,
		scale: { ...types[scale], nice: false, padding: Math.min(14, width / 16) },
		axis: {
			values: [...values],
			labelExpr: `${JSON.stringify(labels)}[indexof(${JSON.stringify(values)}, datum.value)]`,
			labelOverlap: true,
		},
	}
}

const symmetric = { type: 'symlog' as const, constant: 1 }
