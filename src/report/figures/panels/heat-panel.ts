/** One panel of coloured squares with their numbers, legible in print and without colour. */

import { defined } from '../../../core/defined.js'
import { panelTitle } from './layout.js'

/** One square. */
export interface HeatCell {
	readonly row: string
	readonly column: string
	/** In [0, 1]: how dark it is. */
	readonly share: number
	/** What is written in it. */
	readonly text: string
	/** Below that, in smaller letters. */
	readonly detail?: string
}

/** What a panel shows. */
export interface HeatPanel {
	readonly cells: readonly HeatCell[]
	/** From top to bottom. */
	readonly rows: readonly string[]
	/** From left to right. */
	readonly columns: readonly string[]
	readonly title?: string
	readonly rowTitle: string
	readonly columnTitle: string
	/** Of one square. */
	readonly width: number
	readonly height: number
	/** Whether the names of columns are turned, for long ones in small squares. */
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
			// The room that turned names take is not known where there is no browser.
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
