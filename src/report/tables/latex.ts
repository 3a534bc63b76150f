/** Writes tables as LaTeX with the rules of the booktabs package. */

import { plainText } from '../../core/plain-text.js'
import { groupsOf, type ReportTable, type TableCell } from './table.js'

/** Maximum columns for which cells show intervals. */
const columnsWithDetails = 5

const commands: Readonly<Record<string, string>> = {
	'\\': '\\textbackslash{}',
	'{': '\\{',
	'}': '\\}',
	$: '\\$',
	'&': '\\&',
	'#': '\\#',
	'%': '\\%',
	_: '\\_',
	'~': '\\textasciitilde{}',
	'^': '\\textasciicircum{}',
	'<': '\\textless{}',
	'>': '\\textgreater{}',
	'|': '\\textbar{}',
	'"': '\\textquotedbl{}',
	// At the start of a row it would begin an argument.
	'[': '{[}',
	'*': '{*}',
	'†': '$^{\\dagger}$',
	'±': '$\\pm$',
	'−': '$-$',
	'–': '--',
	'≥': '$\\geq$',
	'≤': '$\\leq$',
	'×': '$\\times$',
	ε: '$\\varepsilon$',
	α: '$\\alpha$',
}

/** A `table` for `\input`: caption, label, tabular and notes. The best is bold, the second underlined. */
export function tableLatex(table: ReportTable): string {
	const { name, title, notes, columns } = table
	const detailed = columns.length <= columnsWithDetails
	const row = (cells: readonly string[]) => `${cells.join(' & ')} \\\\`
	const body = groupsOf(table).flatMap(({ group, rows }, index) => [
		...(index > 0 ? ['\\midrule'] : []),
		...(group === undefined ? [] : [`\\multicolumn{${columns.length}}{l}{\\textit{${latexText(group)}}} \\\\`]),
		...rows.map(({ cells }) => row(cells.map((cell) => cellLatex(cell, detailed)))),
	])
	return [
		'% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}.',
		'\\begin{table}',
		'\\centering',
		`\\caption{${latexText(title)}}`,
		`\\label{tab:${name}}`,
		`\\begin{tabular}{${columns.map(({ align }) => align[0]).join('')}}`,
		'\\toprule',
		row(columns.map((column) => latexText(column.title))),
		'\\midrule',
		...body,
		'\\bottomrule',
		'\\end{tabular}',
		...(notes.length === 0 ? [] : ['', '\\medskip', `{\\footnotesize ${notes.map(latexText).join(' ')}\\par}`]),
		'\\end{table}',
		'',
	].join('\n')
}

function cellLatex({ text, detail, best, second }: TableCell, detailed: boolean): string {
	const plain = latexText(text)
	const marked = best ? `\\textbf{${plain}}` : second ? `\\underline{${plain}}` : plain
	return detailed && detail !== undefined ? `${marked} {\\scriptsize ${latexText(detail)}}` : marked
}

/** Text on one line, escaped for LaTeX. */
export function latexText(text: string): string {
	return (
		plainText(text.replaceAll(/\s*[\r\n]+\s*/g, ' '), 'removed')
			// LaTeX would turn two hyphens into a dash.
			.replaceAll(
				/--+|./gu,
				(part) => commands[part] ?? (part.length > 1 && part[0] === '-' ? [...part].join('{}') : part),
			)
	)
}
