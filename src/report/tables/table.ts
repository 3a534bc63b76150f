/** Tables of a report as data: what the writers of Markdown, CSV, LaTeX, JSON and HTML take. */

/** A cell. */
export interface TableCell {
	/** As it is shown. */
	readonly text: string
	/** The number behind the text, in [0, 1] or as the column's unit says. */
	readonly value?: number
	/** Such as an interval or the number of images: `[4.2, 9.1], n = 100`. */
	readonly detail?: string
	readonly best?: boolean
	readonly second?: boolean
	/** Whether it names its row. */
	readonly header?: boolean
}

/** A table. */
export interface ReportTable {
	/** Stem of its files. */
	readonly name: string
	readonly title: string
	/** Sentences: images, intervals, seeds, what marks mean. */
	readonly notes: readonly string[]
	readonly columns: readonly { readonly title: string; readonly align: 'left' | 'right' }[]
	readonly rows: readonly { readonly group?: string; readonly cells: readonly TableCell[] }[]
}
