/** Tables of a report, before they are written in any format. */

/** One cell of a table. */
export interface TableCell {
	/** What a reader sees, without marks. */
	readonly text: string
	/** The number in `text`, in [0, 1] where it is a share or a difference of shares, otherwise in the unit of its column. */
	readonly value?: number
	/** What stands small beside it, such as `[4.2, 9.1], n = 100`. */
	readonly detail?: string
	/** The best of those it competes with; all of them where several are equal. */
	readonly best?: boolean
	/** The second best. */
	readonly second?: boolean
	/** Whether it names its row. */
	readonly header?: boolean
}

/** A column of a table. */
export interface TableColumn {
	readonly title: string
	readonly align: 'left' | 'right'
}

/** A row of a table. */
export interface TableRow {
	/** What neighbouring rows have in common, such as `AutoAttack`; shown once above them. */
	readonly group?: string
	/** One per column. */
	readonly cells: readonly TableCell[]
}

/** A table with what a reader must know to read it. */
export interface ReportTable {
	/** Stem of file names: small letters, digits and `-`. */
	readonly name: string
	readonly title: string
	/** Sentences: numbers of images, intervals, seeds, what bold means, what is missing. */
	readonly notes: readonly string[]
	readonly columns: readonly TableColumn[]
	readonly rows: readonly TableRow[]
}

/** Neighbouring rows with what they have in common. */
export interface RowGroup {
	readonly group: string | undefined
	readonly rows: readonly TableRow[]
}

/** The rows of a table as the groups that they form, in order. */
export function groupsOf({ rows }: Pick<ReportTable, 'rows'>): RowGroup[] {
	const groups: { readonly group: string | undefined; readonly rows: TableRow[] }[] = []
	for (const row of rows) {
		const last = groups.at(-1)
		if (last && last.group === row.group) last.rows.push(row)
		else groups.push({ group: row.group, rows: [row] })
	}
	return groups
}
