/** Draws one panel of coloured squares with numbers, legible in print and without colour. */

import { defined } from '../../../core/defined.js'
import { panelTitle } from './layout.js'

/** One square. */
export interface HeatCell {
	readonly row: string
	readonly column: string
	/** Darkness in [0, 1]. */
	readonly share: number
	/** Text in the square. */
	readonly text: string
	/** Smaller text below it. */
	readonly detail?: string
}

/** The content of a panel. */
export interface HeatPanel {
	readonly cells: readonly HeatCell[]
	/** Rows from top to bottom. */
	readonly rows: readonly string[]
	/** Columns from left to right. */
	readonly columns: readonly string[]
	readonly title?: string
	readonly rowTitle: string
	readonly columnTitle: string
	/** Width of one square. */
	readonly width: number
	readonly height: number
	/** Whether to rotate the names of columns, for long names over small squares. */
	readonly turned?: boolean
}

/** The panel as a part of a Vega-Lite specification. */
export function heatPanel(panel: HeatPanel) {
	const { cells, rows, columns, title, rowTitle, columnTitle, width, height, turned = false } = panel
	const longest = Math.min(24, Math.max(...columns.map((column) => column.length)))
	const x = {
		field: 'column',
		type: 'nominal' as const,
		title: columnTitle,
		scale: { domain: [...columns], paddingInner: 0.04, paddingOuter: 0 },
		axis: {
			labelAngle: turned ? -60 : 0,
			// Without a browser the size of rotated names is unknown.
			...defined({ titleY: turned ? 24 + 5.6 * longest : undefined }),
			ticks: false,
			domain: false,
			labelLimit: turned ? 150 : 300,
			labelOverlap: false,
		},
	}
	const y = {
		field: 'row',
		type: 'nominal' as const,
		title: rowTitle,
		scale: { domain: [...rows], paddingInner: 0.04, paddingOuter: 0 },
		axis: { ticks: false, domain: false, labelLimit: 150 },
	}
	const color = { condition: { test: 'datum.share > 0.62', value: 'white' }, value: '#111111' }
	const detailed = cells.some(({ detail }) => detail !== undefined)
	return {
		data: { values: [...cells] },
		view: { stroke: null },
		width: width * columns.length,
		height: height * rows.length,
		...defined({ title: title === undefined ? undefined : panelTitle(title, width * columns.length) }),
		layer: [
			{
				mark: { type: 'rect' as const, stroke: '#CCCCCC', strokeWidth: 0.5 },
				encoding: {
					x,
					y,
					color: {
						field: 'share',
						type: 'quantitative' as const,
						scale: { domain: [0, 1], range: ['#FFFFFF', '#9CC3E4', '#0072B2', '#08306B'], interpolate: 'rgb' as const },
						legend: null,
					},
				},
			},
			{
				mark: { type: 'text' as const, fontSize: 11, dy: detailed ? -5 : 0 },
				encoding: { x, y, text: { field: 'text' }, color },
			},
			...(detailed
				? [
						{
							mark: { type: 'text' as const, fontSize: 8.5, dy: 8 },
							encoding: { x, y, text: { field: 'detail' }, color },
						},
					]
				: []),
		],
	}
}
