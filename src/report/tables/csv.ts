/** Writes tables as CSV (RFC 4180), safe to open in a spreadsheet. */

import { plainText } from '../../core/plain-text.js'
import { emptyCell } from './accuracy-cells.js'
import type { ReportTable } from './table.js'

/** A field: a text, a number, or nothing. */
export type CsvField = string | number | undefined

/**
 * One line of headings and one per row. Cells with a value hold that number, with shares in [0, 1]. A first column holds the
 * group of the row, and details of numbers follow in their own column. Notes are omitted.
 */
export function tableCsv({ columns, rows }: ReportTable): string {
	const grouped = rows.some(({ group }) => group !== undefined)
	const detailed = columns.map((_, at) => rows.some(({ cells }) => cells[at]?.detail !== undefined))
	const heads = columns.flatMap(({ title }, at) => [title, ...(detailed[at] ? [`${title}, detail`] : [])])
	const lines = rows.map(({ group, cells }) => [
		...(grouped ? [group] : []),
		...cells.flatMap(({ text, value, detail }, at) => [
			value ?? (text === emptyCell.text ? undefined : text),
			...(detailed[at] ? [detail] : []),
		]),
	])
	return csvText([...(grouped ? ['group'] : []), ...heads], lines)
}

/** Headings and lines of fields. Lines end in a line feed. */
export function csvText(heads: readonly string[], lines: readonly (readonly CsvField[])[]): string {
	return [heads, ...lines].map((line) => `${line.map(csvField).join(',')}\n`).join('')
}

function csvField(field: CsvField): string {
	if (field === undefined) return ''
	// Digits beyond the twelfth are only rounding errors of sums.
	if (typeof field === 'number') return String(Number(field.toPrecision(12)))
	const text = plainText(field, 'removed')
	// A spreadsheet would evaluate a text that begins like this; the apostrophe prevents that.
	const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
	return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
