/** Writes tables for a terminal. */

import { at } from '../../core/at.js'
import { textLines } from '../figure-style.js'
import { textTable } from '../text-table.js'
import { groupsOf, type ReportTable, type TableCell } from './table.js'

/**
 * Title, table and notes. The best is written `*48.3*`, the second `_48.3_`.
 * @param width Characters per line; intervals appear only if they fit.
 */
export function tableText(table: ReportTable, width = 120): string {
	const full = body(table, true)
	const fits = full.split('\n').every((line) => line.length <= width)
	const marked = table.rows.some(({ cells }) => cells.some(({ best, second }) => best || second))
	const notes = [...table.notes, ...(marked ? ['Here *…* is bold and _…_ underlined.'] : [])]
	return [
		table.title,
		'',
		fits ? full : body(table, false),
		'',
		...notes.flatMap((note) => textLines(note, width)),
	].join('\n')
}

function body(table: ReportTable, detailed: boolean): string {
	const { columns, rows } = table
	const grouped = rows.some(({ group }) => group !== undefined)
	const marks = columns.map((_, position) => rows.some(({ cells }) => cells[position]?.best || cells[position]?.second))
	const lines = groupsOf(table).flatMap(({ group = '', rows: own }) =>
		own.map(({ cells }, index) => [
			...(grouped ? [index === 0 ? group : ''] : []),
			...cells.map((cell, position) => cellText(cell, at(marks, position), detailed)),
		]),
	)
	const heads = columns.map(({ title, align }) => ({ heading: title, align }))
	return textTable([...(grouped ? [{ heading: '' }] : []), ...heads], lines)
}

function cellText({ text, detail, best, second }: TableCell, marks: boolean, detailed: boolean): string {
	const sign = best ? '*' : second ? '_' : marks ? ' ' : ''
	const marked = `${sign}${text}${sign}`
	const beside = detailed && detail !== undefined ? ` ${detail}` : ''
	return `${marked}${beside}`.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
