import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { sampleResult } from '../result.test.support.js'
import { csvText, tableCsv } from './csv.js'
import { experimentTables } from './experiment-tables.js'
import { latexText, tableLatex } from './latex.js'
import { markdownText, tableMarkdown } from './markdown.js'
import type { ReportTable } from './table.js'
import { tableText } from './text.js'
import { writeTables } from './write-tables.js'

const small: ReportTable = {
	name: 'small',
	title: 'Two | three',
	notes: ['About 50 % of _it_.'],
	columns: [
		{ title: 'method', align: 'left' },
		{ title: 'a_b', align: 'right' },
	],
	rows: [
		{
			group: 'Clean',
			cells: [
				{ text: '=1+1', header: true },
				{ text: '48.3†', value: 0.483, detail: '[41.5, 55.2]', best: true },
			],
		},
		{
			group: 'Clean',
			cells: [
				{ text: '-x', header: true },
				{ text: '−1.0', value: -0.01, second: true },
			],
		},
		{ group: 'PGD', cells: [{ text: 'a "b", c', header: true }, { text: '–' }] },
	],
}

describe('tableMarkdown', () => {
	it('writes groups once, marks and details, and escapes', () => {
		expect(tableMarkdown(small)).toBe(`### Two \\| three

|  | method | a\\_b |
| --- | --- | ---: |
| Clean | =1+1 | **48.3†**<br><sub>[41.5, 55.2]</sub> |
|  | -x | <ins>−1.0</ins> |
| PGD | a "b", c | – |

- About 50 % of \\_it\\_.
`)
	})

	it('leaves nothing that would be a tag, a link or a new line', () => {
		expect(markdownText('<b>\n[a](javascript:b) ![c](d) & `e`')).toBe(
			'\\<b\\> [a]\\(javascript:b) !\\[c]\\(d) &amp; \\`e\\`',
		)
	})
})

describe('tableCsv', () => {
	it('gives numbers as numbers and lets no spreadsheet compute a text', () => {
		expect(tableCsv(small)).toBe(`group,method,a_b,"a_b, detail"
Clean,'=1+1,0.483,"[41.5, 55.2]"
Clean,'-x,-0.01,
PGD,"a ""b"", c",,
`)
		expect(csvText(['x'], [['@a'], ['+1'], ['\tb'], [0.1 + 0.2], ['two\nlines']])).toBe(
			`x\n'@a\n'+1\n'\tb\n0.3\n"two\nlines"\n`,
		)
	})

	it('leaves control characters out, before it looks for formulas', () => {
		expect(csvText(['a\x1b[0m'], [['\x1b=1+1'], ['\u202e@x'], ['\0-x']])).toBe("a[0m\n'=1+1\n'@x\n'-x\n")
		expect(latexText('a\x1b[0m\u202e\0_')).toBe('a{[}0m\\_')
		expect(markdownText('a\x1b[0m\u202e\0_')).toBe('a[0m\\_')
	})

	it('is read back by a library', () => {
		for (const table of experimentTables(sampleResult({ datasets: ['a', 'b'], targets: true }))) {
			const [heads, ...lines] = parse(tableCsv(table)) as string[][]
			expect(lines).toHaveLength(table.rows.length)
			for (const line of lines) expect(line).toHaveLength(heads!.length)
			const numbers = table.rows.flatMap(({ cells }) => cells.flatMap(({ value }) => value ?? []))
			const read = new Set(lines.flat().map(Number))
			for (const number of numbers) expect(read).toContain(Number(number.toPrecision(12)))
		}
	})
})

describe('tableLatex', () => {
	it('writes rules, groups and marks, and escapes', () => {
		const latex = tableLatex(small)
		expect(latex).toContain('\\caption{Two \\textbar{} three}\n\\label{tab:small}\n\\begin{tabular}{lr}\n\\toprule\n')
		expect(latex).toContain('method & a\\_b \\\\\n\\midrule\n\\multicolumn{2}{l}{\\textit{Clean}} \\\\\n')
		expect(latex).toContain('=1+1 & \\textbf{48.3$^{\\dagger}$} {\\scriptsize {[}41.5, 55.2]} \\\\\n')
		expect(latex).toContain('-x & \\underline{$-$1.0} \\\\\n\\midrule\n\\multicolumn{2}{l}{\\textit{PGD}} \\\\\n')
		expect(latex).toContain('{\\footnotesize About 50 \\% of \\_it\\_.\\par}')
		expect(latex.split('{').length).toBe(latex.split('}').length)
	})

	it('has as many columns in every row as it says, as Markdown has', () => {
		for (const table of experimentTables(sampleResult({ datasets: ['a|b', 'c&d'], targets: true }))) {
			const grouped = table.rows.some(({ group }) => group !== undefined) ? 1 : 0
			const rows = tableLatex(table)
				.split('\n')
				.filter((line) => line.endsWith('\\\\') && !line.startsWith('\\multicolumn'))
			expect(rows).toHaveLength(1 + table.rows.length)
			for (const row of rows) expect(row.match(/(?<!\\)&/g) ?? []).toHaveLength(table.columns.length - 1)
			const lines = tableMarkdown(table)
				.split('\n')
				.filter((line) => line.startsWith('|'))
			expect(lines).toHaveLength(2 + table.rows.length)
			for (const line of lines) expect(line.match(/(?<!\\)\|/g)).toHaveLength(table.columns.length + grouped + 1)
		}
	})

	it('escapes every sign that means something', () => {
		expect(latexText('\\{$}&#%_~^<>|"[*')).toBe(
			'\\textbackslash{}\\{\\$\\}\\&\\#\\%\\_\\textasciitilde{}\\textasciicircum{}\\textless{}\\textgreater{}\\textbar{}\\textquotedbl{}{[}{*}',
		)
		expect(latexText('--data a\nb')).toBe('-{}-data a b')
	})
})

describe('tableText', () => {
	it('shows intervals only where they fit', () => {
		expect(tableText(small).split('\n')).toEqual([
			'Two | three',
			'',
			'       method                     a_b',
			'─────  ────────  ────────────────────',
			'Clean  =1+1      *48.3†* [41.5, 55.2]',
			'       -x                      _−1.0_',
			'PGD    a "b", c                    –',
			'',
			'About 50 % of _it_.',
			'Here *…* is bold and _…_ underlined.',
		])
		const narrow = tableText(small, 30)
		expect(narrow).not.toContain('[41.5')
		expect(Math.max(...narrow.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(30)
	})
})

describe('writeTables', () => {
	it('writes every table in every format and all cells, and replaces what was there', async () => {
		const folder = join(await temporaryFolder(), 'new')
		const result = sampleResult({ seeds: [1, 2], targets: true })
		const tables = experimentTables(result)
		const paths = await writeTables(folder, tables, result)
		const names = tables.flatMap(({ name }) => ['md', 'csv', 'tex', 'json'].map((ending) => `${name}.${ending}`))
		expect(paths).toEqual([...names, 'cells.csv'].map((name) => join(folder, name)))
		expect((await readdir(folder)).sort()).toEqual([...names, 'cells.csv'].sort())
		expect(JSON.parse(await readFile(join(folder, 'accuracy.json'), 'utf8'))).toEqual(tables[0])
		const cells = parse(await readFile(join(folder, 'cells.csv')), { columns: true }) as Record<string, string>[]
		expect(cells).toHaveLength(result.cells.length)
		const cell = result.cells.at(-1)!
		const row = cells.at(-1)!
		expect([row.method, row.condition, row.images, row.seeds]).toEqual([cell.method, cell.condition, '200', '1 2'])
		expect(Number(row.accuracy)).toBeCloseTo(cell.accuracy, 12)
		expect(Number(row.low)).toBeCloseTo(cell.interval[0], 11)
		expect(Number(row.p)).toBeCloseTo(cell.paired!.p, 11)
		await writeFile(join(folder, 'accuracy.md'), 'old')
		await writeTables(folder, tables, result)
		expect(await readFile(join(folder, 'accuracy.md'), 'utf8')).toBe(tableMarkdown(tables[0]!))
	})

	it('refuses two tables of one name', async () => {
		const folder = await temporaryFolder()
		await expect(writeTables(folder, [small, small], sampleResult())).rejects.toThrow(/own name/)
		expect(await readdir(folder)).toEqual([])
	})
})
