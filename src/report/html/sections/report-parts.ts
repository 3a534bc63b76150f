/** The output of report builders: the document, and the files beside it. */

import type { ReportFigure } from '../../figures/report-figure.js'
import type { ReportTable } from '../../tables/table.js'
import type { Block, ReportDocument, ReportSection } from '../report-document.js'
import { figureBlock } from './figure-block.js'

/** A report before anything is written. */
export interface ReportParts {
	readonly document: ReportDocument
	/** Figures, also written as files. */
	readonly figures: readonly ReportFigure[]
	readonly tables: readonly ReportTable[]
	/** Sentences about changed or damaged files, which the caller reports as well. */
	readonly problems: readonly string[]
	/** Other files to write beside the page. */
	readonly files?: readonly { readonly name: string; readonly text: string }[]
}

/** Figures one after the other, as blocks. */
export async function figureBlocks(figures: readonly ReportFigure[]): Promise<Block[]> {
	const blocks: Block[] = []
	for (const figure of figures) blocks.push(await figureBlock(figure))
	return blocks
}

/** A section of blocks, or none if there are no blocks. */
export function sectionOf(id: string, title: string, blocks: readonly Block[]): ReportSection[] {
	return blocks.length === 0 ? [] : [{ id, title, blocks }]
}

/** A paragraph. */
export function paragraph(text: string): Block {
	return { kind: 'paragraph', text }
}

/** Problems as a list, or nothing if there are none. */
export function problemList(items: readonly string[]): Block[] {
	return items.length === 0 ? [] : [{ kind: 'list', items, tone: 'problem' }]
}

/** Tables of a report without the report's title, which they repeat for use on their own. */
export function tableBlocks(tables: readonly ReportTable[], reportTitle: string): Block[] {
	const prefix = `${reportTitle}: `
	return tables.map((table) => {
		const own = table.title.startsWith(prefix) ? table.title.slice(prefix.length) : table.title
		return { kind: 'table', table: { ...table, title: own.charAt(0).toUpperCase() + own.slice(1) } }
	})
}
