/** Draws one panel of lines with bands, the building block of figures with many panels. */

import { defined } from '../core/defined.js'
import { lineScales } from './figure-style.js'

/** One point of a line. */
export interface LinePoint {
	readonly line: string
	/** Position on the horizontal axis. */
	readonly x: string | number
	readonly y: number
	/** The band around the line. */
	readonly low?: number
	readonly high?: number
	/** Whether the point has a symbol; true by default. */
	readonly marked?: boolean
}

/** The content of a panel. */
export interface LinePanel {
	readonly points: readonly LinePoint[]
	/** All lines of the figure, in the order of their styles. */
	readonly lines: readonly string[]
	/** Title above the panel. */
	readonly title?: string
	/** Lines of the vertical axis's title; empty for no title. */
	readonly yTitle: readonly string[]
	readonly yDomain?: readonly [number, number]
	/** d3 format of the numbers on the vertical axis. */
	readonly yFormat?: string
	readonly xTitle: string
	/** Names on the horizontal axis in order; without them it shows numbers. */
	readonly xNames?: readonly string[]
	readonly width: number
	readonly height: number
}

/** The panel as a part of a Vega-Lite specification. */
export function linePanel(panel: LinePanel) {
	const { points, lines, title, yTitle, yDomain, yFormat, xTitle, xNames, width, height } = panel
	const scales = lineScales(lines)
	const legend = {
		title: null,
		orient: 'top' as const,
		direction: 'horizontal' as const,
		symbolOpacity: 1,
		// Otherwise its outline would be dashed like the line.
		symbolStrokeWidth: 0,
		columnPadding: 24,
	}
	const numbers = points.map(({ x }) => Number(x))
	const x = xNames
		? {
				field: 'x',
				type: 'ordinal' as const,
				title: xTitle,
				scale: { type: 'point' as const, padding: 0.4, domain: [...xNames] },
			}
		: {
				field: 'x',
				type: 'quantitative' as const,
				title: xTitle,
				scale: { zero: false, nice: false, padding: 8 },
				// Show only whole numbers, however short the axis.
				axis: { format: 'd', tickMinStep: 1, tickCount: Math.min(8, Math.max(1, ...numbers)) },
			}
	const y = (field: string) => ({
		field,
		type: 'quantitative' as const,
		title: yTitle.length === 0 ? null : [...yTitle],
		scale: yDomain ? { domain: [...yDomain] } : { zero: false },
		axis: { tickCount: 5, ...defined({ format: yFormat }) },
	})
	const named = { field: 'line', type: 'nominal' as const }
	const color = { ...named, scale: scales.color, legend }
	const banded = points.some(({ low }) => low !== undefined)
	return {
		data: { values: [...points] },
		width,
		height,
		...defined({
			title: title === undefined ? undefined : { text: title, fontSize: 12, anchor: 'middle' as const, offset: 6 },
		}),
		layer: [
			...(banded
				? [
						{
							mark: { type: 'area' as const, opacity: 0.18 },
							encoding: { x, y: y('low'), y2: { field: 'high' }, color },
						},
					]
				: []),
			{
				mark: { type: 'line' as const, strokeWidth: 1.8 },
				encoding: { x, y: y('y'), color, strokeDash: { ...named, scale: scales.strokeDash, legend } },
			},
			{
				transform: [{ filter: 'datum.marked !== false' }],
				mark: { type: 'point' as const, filled: true, size: 30, opacity: 1 },
				encoding: { x, y: y('y'), color, shape: { ...named, scale: scales.shape, legend } },
			},
		],
	}
}
