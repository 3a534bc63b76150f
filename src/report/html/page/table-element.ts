/** Turns tables of a report into elements of a page. */

import { html } from 'hono/html'
import { at } from '../../../core/at.js'
import { groupsOf, type ReportTable, type RowGroup, type TableCell, type TableColumn } from '../../tables/table.js'
import type { Html } from './html.js'
import { words } from './words.js'

/** Maximum columns with padding around numbers, so that the average of eleven data sets shows without scrolling. */
const mostRoomy = 9

/** Length beyond which a cell counts as prose or a hash, and may break anywhere. */
const longText = 80

/** How a table appears on the page. */
export interface TableElement {
	/** Unique in the page. */
	readonly id: string
	/** Whether an enclosing element already names it, so that its title is for screen readers only. */
	readonly quiet?: boolean
}

/** A table in a scrollable region, with its notes below. */
export function tableElement(table: ReportTable, { id, quiet = false }: TableElement): Html {
	const { title, notes, columns } = table
	return html`<div class="table${columns.length > mostRoomy ? ' dense' : ''}">
<div class="scroll" role="region" aria-labelledby="${id}-title" tabindex="0">
<table${notes.length > 0 ? html` aria-describedby="${id}-notes"` : ''}>
<caption id="${id}-title"${quiet ? html` class="hidden"` : ''}><span>${words(title)}</span></caption>
<thead><tr>${columns.map(columnHeader)}</tr></thead>
${groupsOf(table).map((group) => rowGroup(group, table))}
</table>
</div>
${notes.length > 0 ? html`<ul class="notes" id="${id}-notes">${notes.map((note) => html`<li>${words(note)}</li>`)}</ul>` : ''}
</div>`
}

/** A column without a title needs no header for screen readers. */
function columnHeader({ title, align }: TableColumn): Html {
	return title === '' ? html`<td></td>` : html`<th scope="col"${aligned(align)}>${words(title)}</th>`
}

function rowGroup({ group, rows }: RowGroup, { columns }: ReportTable): Html {
	return html`<tbody>${
		group === undefined
			? ''
			: html`<tr class="group"><th scope="rowgroup" colspan="${columns.length}"><span>${words(group)}</span></th></tr>`
	}${rows.map(
		({ cells }) =>
			html`<tr>${cells.map((cell, index) => cellElement(cell, columns[index]?.align ?? 'left', headsRow(cells, index)))}</tr>
`,
	)}</tbody>`
}

/** If no cell is marked as the row's header, the first one is. */
function headsRow(cells: readonly TableCell[], index: number): boolean {
	return cells.some(({ header }) => header) ? at(cells, index).header === true : index === 0
}

function cellElement(cell: TableCell, align: 'left' | 'right', header: boolean): Html {
	const { text, detail } = cell
	const marked = cell.best
		? html`<strong class="best">${text}</strong><span class="hidden"> (best)</span>`
		: cell.second
			? html`<span class="second">${text}</span><span class="hidden"> (second best)</span>`
			: words(text)
	const content = html`${marked}${detail === undefined ? '' : html` <small>${detail}</small>`}`
	if (header) return html`<th scope="row"${aligned(align)}>${content}</th>`
	return text.length + (align === 'left' ? (detail?.length ?? 0) : 0) > longText
		? html`<td class="long">${content}</td>`
		: html`<td${aligned(align)}>${content}</td>`
}

function aligned(align: 'left' | 'right') {
	return align === 'right' ? html` class="right"` : ''
}
