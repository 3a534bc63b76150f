/** Tables of a report, independent of their output format. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'

const cell = z.object({
	text: z.string().describe('Text for readers, without marks.'),
	value: z
		.number()
		.exactOptional()
		.describe(
			'The number in `text`, in [0, 1] for a share or a difference of shares, otherwise in the unit of its column.',
		),
	detail: z.string().exactOptional().describe('Small text beside it, such as `[4.2, 9.1], n = 100`.'),
	best: z.boolean().exactOptional().describe('Whether it is the best of its competitors; several if they are equal.'),
	second: z.boolean().exactOptional().describe('Whether it is the second best.'),
	header: z.boolean().exactOptional().describe('Whether it names its row.'),
})

/** One cell of a table. */
export type TableCell = Immutable<z.output<typeof cell>>

const column = z.object({ title: z.string(), align: z.enum(['left', 'right']) })

/** A column of a table. */
export type TableColumn = Immutable<z.output<typeof column>>

const row = z.object({
	group: z
		.string()
		.exactOptional()
		.describe('Group of neighbouring rows, such as `AutoAttack`; shown once above them.'),
	cells: z.array(cell).describe('Cells, one per column.'),
})

/** A row of a table. */
export type TableRow = Immutable<z.output<typeof row>>

/** See {@link ReportTable}. */
export const reportTableSchema = z.object({
	name: z.string().describe('Stem of file names: lower-case letters, digits and `-`.'),
	title: z.string(),
	notes: z
		.array(z.string())
		.describe('Sentences: numbers of images, intervals, seeds, what bold means, what is missing.'),
	columns: z.array(column),
	rows: z.array(row),
})

/** A table with the notes for reading it. */
export type ReportTable = Immutable<z.output<typeof reportTableSchema>>

/** Neighbouring rows of one group. */
export interface RowGroup {
	readonly group: string | undefined
	readonly rows: readonly TableRow[]
}

/** The rows of a table by group, in order. */
export function groupsOf({ rows }: Pick<ReportTable, 'rows'>): RowGroup[] {
	const groups: { readonly group: string | undefined; readonly rows: TableRow[] }[] = []
	for (const row of rows) {
		const last = groups.at(-1)
		if (last && last.group === row.group) last.rows.push(row)
		else groups.push({ group: row.group, rows: [row] })
	}
	return groups
}
