/** Formats text tables for a terminal. */

import { at } from '../core/at.js'

/** A column: its heading and the alignment of its cells. */
export interface Column {
	readonly heading: string
	readonly align?: 'left' | 'right'
}

/** Rows below headings and a rule, columns two spaces apart. Cells must not hold line breaks. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
	const widths = columns.map(({ heading }, index) =>
		Math.max(heading.length, ...rows.map((row) => at(row, index).length)),
	)
	const line = (cells: readonly string[]) =>
		cells
			.map((cell, position) =>
				at(columns, position).align === 'right'
					? cell.padStart(at(widths, position))
					: cell.padEnd(at(widths, position)),
			)
			.join('  ')
			.trimEnd()
	return [
		line(columns.map(({ heading }) => heading)),
		line(widths.map((width) => '─'.repeat(width))),
		...rows.map(line),
	].join('\n')
}
