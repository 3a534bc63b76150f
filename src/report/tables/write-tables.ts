/** Writes tables to files. */

import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { makeFolder } from '../../files/make-folder.js'
import { cellsCsv } from './cell-records.js'
import { tableCsv } from './csv.js'
import { tableJson } from './json.js'
import { tableLatex } from './latex.js'
import { tableMarkdown } from './markdown.js'
import type { ReportTable } from './table.js'

/** Name of the file with every cell of all tables. */
export const cellsFile = 'cells.csv'

/**
 * Writes every table as Markdown, CSV, LaTeX and JSON under its name, and all cells in one CSV. Files of the same names are
 * replaced, each atomically.
 * @param folder Created if missing.
 * @returns Paths of all files, in the order of the tables.
 * @throws NaptuneError when two tables share a name, or a file cannot be written.
 */
export async function writeTables(
	folder: string,
	tables: readonly ReportTable[],
	result: ExperimentResult,
): Promise<string[]> {
	const names = tables.map(({ name }) => `${name}.csv`)
	const twice = [...names, cellsFile].find((name, position, all) => all.indexOf(name) !== position)
	if (twice !== undefined) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`Two tables would be written to ${join(folder, twice)}; every table needs its own name.`,
		)
	}
	await makeFolder(folder)
	const files: (readonly [string, string])[] = [
		...tables.flatMap((table): [string, string][] => [
			[`${table.name}.md`, tableMarkdown(table)],
			[`${table.name}.csv`, tableCsv(table)],
			[`${table.name}.tex`, tableLatex(table)],
			[`${table.name}.json`, tableJson(table)],
		]),
		[cellsFile, cellsCsv(result)],
	]
	for (const [name, text] of files) await writeFileAtomic(join(folder, name), text)
	return files.map(([name]) => join(folder, name))
}
