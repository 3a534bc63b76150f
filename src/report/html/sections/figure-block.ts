/** Turns figures into blocks of a report. */

import { figureSvg } from '../../figure.js'
import type { ReportFigure } from '../../figures/report-figure.js'
import type { Block } from '../report-document.js'

/** Draws a figure. Its title and subtitle become text of the page, which wraps on a phone and is searchable. */
export async function figureBlock({ name, title, sentence, figure, table }: ReportFigure): Promise<Block> {
	const { title: drawn } = figure as { readonly title?: unknown }
	const untitled = Object.fromEntries(Object.entries(figure).filter(([key]) => key !== 'title'))
	const svg = await figureSvg(untitled as ReportFigure['figure'])
	return { kind: 'figure', name, title, sentence, notes: subtitle(drawn), svg, table }
}

/** Joins the lines of a drawing's subtitle into sentences. */
function subtitle(title: unknown): string[] {
	if (typeof title !== 'object' || title === null || !('subtitle' in title)) return []
	const { subtitle: lines } = title
	const text = Array.isArray(lines) ? lines.join(' ') : String(lines ?? '')
	return text === '' ? [] : [text]
}
