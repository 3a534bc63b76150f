/** What every figure of a report is checked for. */

import { expect, vi } from 'vitest'
import { figureSvg } from '../figure.js'
import type { ReportFigure } from './report-figure.js'

/** Draws a figure. @throws When something is drawn with a warning, or numbers are missing or not shown. */
export async function drawn({ figure, title, sentence, table, name }: ReportFigure): Promise<string> {
	const warn = vi.spyOn(console, 'warn')
	const svg = await figureSvg(figure)
	expect(warn).not.toHaveBeenCalled()
	warn.mockRestore()
	expect(svg).not.toMatch(/NaN|undefined|Infinity/)
	expect(`${sentence} ${title}`).not.toMatch(/NaN|undefined|Infinity/)
	expect(sentence).toMatch(/\.$/)
	expect(name).toMatch(/^[a-z0-9-]+$/)
	expect(table.rows.length).toBeGreaterThan(0)
	for (const { cells } of table.rows) expect(cells).toHaveLength(table.columns.length)
	return svg
}

/** All text of a drawing. */
export function textsOf(svg: string): string[] {
	return [...svg.matchAll(/>([^<>]+)<\/(?:text|tspan)>/g)].map(([, text]) =>
		text!.replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>'),
	)
}

/** Colours of lines and symbols. */
export function coloursOf(svg: string): Set<string> {
	return new Set([...svg.matchAll(/(?:stroke|fill)="(#[0-9a-fA-F]{6})"/g)].map(([, colour]) => colour!.toUpperCase()))
}
