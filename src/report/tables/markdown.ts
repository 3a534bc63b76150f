/** Writes tables as GitHub-flavoured Markdown. */

import { plainText } from '../../core/plain-text.js'
import { groupsOf, type ReportTable, type TableCell } from './table.js'

/** Maximum columns for which cells show intervals; a wider table would not fit on a page. */
const columnsWithDetails = 9

/**
 * A heading, the table and its notes. A first column holds the group of rows, written once; the best is bold, the second
 * underlined.
 */
export function tableMarkdown(table: ReportTable): string {
	const { title, notes, columns, rows } = table
	const grouped = rows.some(({ group }) => group !== undefined)
	const detailed = columns.length <= columnsWithDetails
	const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
	const body = groupsOf(table).flatMap(({ group, rows: own }) =>
		own.map(({ cells }, index) => {
			const first = grouped ? [index === 0 ? markdownText(group ?? '') : ''] : []
			return line([...first, ...cells.map((cell) => cellMarkdown(cell, detailed))])
		}),
	)
	const heads = [...(grouped ? [''] : []), ...columns.map((column) => markdownText(column.title))]
	const rules = [...(grouped ? ['---'] : []), ...columns.map(({ align }) => (align === 'right' ? '---:' : '---'))]
	return [
		`### ${markdownText(title)}`,
		'',
		line(heads),
		line(rules),
		...body,
		'',
		...notes.map((note) => `- ${markdownText(note)}`),
		'',
	].join('\n')
}

function cellMarkdown({ text, detail, best, second }: TableCell, detailed: boolean): string {
	const plain = markdownText(text)
	const marked = best ? `**${plain}**` : second ? `<ins>${plain}</ins>` : plain
	return detailed && detail !== undefined ? `${marked}<br><sub>${markdownText(detail)}</sub>` : marked
}

/** Text without anything that Markdown would take for more than text, on one line. */
export function markdownText(text: string): string {
	return plainText(text.replaceAll(/\s*[\r\n]+\s*/g, ' '), 'removed')
		.replaceAll(/[\\`*_|<>~$]/g, '\\$&')
		.replaceAll('&', '&amp;')
		.replaceAll('](', ']\\(')
		.replaceAll('![', '!\\[')
}
