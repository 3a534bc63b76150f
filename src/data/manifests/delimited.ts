/** Parses tables in text: CSV, also with semicolons, tabs or bars. */

import { parse } from 'csv-parse/sync'
import { NaptuneError } from '../../core/errors.js'

/** A row under the header. */
export interface TableRow {
	readonly cells: readonly string[]
	/** Its line in the file; the header is line 1. */
	readonly line: number
}

/** A table. */
export interface Table {
	readonly header: readonly string[]
	readonly rows: readonly TableRow[]
}

const delimiters = { commas: ',', semicolons: ';', tabs: '\t', bars: '|' } as const

/**
 * Parses a table. The separator is the one that yields the most known column names in the first line.
 * @param path Path of the file, for errors. @param isKnown Whether a column's name is known. @param advice Ends errors.
 * @throws NaptuneError if it is not such a table, or none of its columns is known.
 */
export function parseTable(text: string, path: string, isKnown: (name: string) => boolean, advice: string): Table {
	// Excel's way to declare the separator.
	const declared = /^sep=(.)\r?\n/i.exec(text)
	const first = text.slice(declared?.[0].length ?? 0).match(/^\s*([^\r\n]*)/)?.[1] ?? ''
	const known = (delimiter: string) => cellsOf(first, delimiter).filter(isKnown).length
	const candidates = declared?.[1] === undefined ? Object.values(delimiters) : [declared[1]]
	const delimiter = candidates.reduce((best, other) => (known(other) > known(best) ? other : best))
	if (first !== '' && known(delimiter) === 0) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`The first line of ${path} names no known column: ${JSON.stringify(first.slice(0, 200))}. Cells may be separated by ${Object.keys(delimiters).join(', ')}. ${advice}`,
		)
	}
	const rows: TableRow[] = []
	try {
		parse(text, {
			delimiter,
			from_line: declared ? 2 : 1,
			skip_empty_lines: true,
			trim: true,
			on_record: (cells: string[], { lines: line }) => {
				rows.push({ cells, line })
				return null
			},
		})
	} catch (cause) {
		const [name] = Object.entries(delimiters).find(([, sign]) => sign === delimiter) ?? [delimiter]
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is not CSV: ${(cause as Error).message} (cells separated by ${name}). ${advice}`,
			{
				cause,
			},
		)
	}
	const [head, ...others] = rows
	return { header: head?.cells ?? [], rows: others }
}

function cellsOf(line: string, delimiter: string): string[] {
	return line.split(delimiter).map((cell) =>
		cell
			.trim()
			.replace(/^"(.*)"$/, '$1')
			.trim(),
	)
}
