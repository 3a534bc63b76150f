/** The common style of all figures. */

import type { Config } from 'vega-lite'
import { at } from '../core/at.js'

/** Colours that people with any colour vision can distinguish (Okabe and Ito, 2008). */
export const palette = {
	black: '#000000',
	orange: '#E69F00',
	skyBlue: '#56B4E9',
	green: '#009E73',
	blue: '#0072B2',
	vermillion: '#D55E00',
	purple: '#CC79A7',
} as const

/** Style of one line; colour, dash and point shape each identify it alone. */
export interface LineStyle {
	readonly color: string
	/** Lengths of dashes and gaps. */
	readonly dash: readonly number[]
	readonly shape: string
}

/** Styles in the order of assignment to lines. */
export const lineStyles: readonly LineStyle[] = [
	{ color: palette.blue, dash: [1, 0], shape: 'circle' },
	{ color: palette.vermillion, dash: [6, 3], shape: 'square' },
	{ color: palette.green, dash: [2, 2], shape: 'triangle-up' },
	{ color: palette.purple, dash: [8, 3, 2, 3], shape: 'diamond' },
	{ color: palette.orange, dash: [4, 2], shape: 'triangle-down' },
]

/** Scales of colour, dash and shape for named lines. */
export function lineScales(names: readonly string[]) {
	const styles = names.map((_, index) => at(lineStyles, index % lineStyles.length))
	const domain = [...names]
	return {
		color: { domain, range: styles.map(({ color }) => color) },
		strokeDash: { domain, range: styles.map(({ dash }) => [...dash]) },
		shape: { domain, range: styles.map(({ shape }) => shape) },
	}
}

const font = 'Helvetica, Arial, DejaVu Sans, sans-serif'

/** Fonts, margins and grid. */
export const figureConfig = {
	background: 'white',
	font,
	padding: 12,
	view: { stroke: '#888888' },
	title: {
		fontSize: 15,
		subtitleFontSize: 11,
		subtitleColor: '#444444',
		subtitlePadding: 4,
		anchor: 'start',
		offset: 14,
	},
	axis: { labelFontSize: 11, titleFontSize: 11.5, titleFontWeight: 'normal', gridColor: '#E6E6E6', labelAngle: 0 },
	header: { labelFontSize: 12, labelFontWeight: 'bold', title: null },
	legend: { labelFontSize: 11.5, labelLimit: 400, symbolSize: 60 },
} as const satisfies Config

/**
 * The layout of a figure of panels in columns. Panels are aligned by their frames, because without a browser the size of
 * text is only estimated, and overestimated.
 * @param columnSpacing Room for the numbers and title of a vertical axis.
 */
export function grid(columns: number, columnSpacing = 52) {
	return { columns, bounds: 'flush' as const, spacing: { row: 52, column: columnSpacing } }
}

/** Breaks text into lines of at most `width` characters, by default as many as fit in a figure. */
export function textLines(text: string, width = 95): string[] {
	const lines: string[] = []
	for (const word of text.split(' ')) {
		const longer = `${lines.at(-1) ?? ''} ${word}`
		if (lines.length > 0 && longer.length <= width) lines.splice(-1, 1, longer)
		else lines.push(word)
	}
	return lines
}
