/** A report figure, with its content in words and in numbers. */

import type { Figure } from '../figure.js'
import type { ReportTable } from '../tables/table.js'

/** A figure with its texts. */
export interface ReportFigure {
	/** Stem of its files. */
	readonly name: string
	readonly title: string
	/** Describes the figure in words from its data, for people who cannot see it. */
	readonly sentence: string
	readonly figure: Figure
	/** The plotted numbers. */
	readonly table: ReportTable
}
