/** A figure of a report, with what it shows in words and in numbers. */

import type { Figure } from '../figure.js'
import type { ReportTable } from '../tables/table.js'

/** A figure with its texts. */
export interface ReportFigure {
	/** Stem of its files. */
	readonly name: string
	readonly title: string
	/** What is seen, said in words from the data: the figure's text for people who do not see it. */
	readonly sentence: string
	readonly figure: Figure
	/** The plotted numbers. */
	readonly table: ReportTable
}
