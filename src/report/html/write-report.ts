/** Writes a report to disk: the page, with its figures and tables as files beside it. */

import { stat } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { makeFolder } from '../../files/make-folder.js'
import { writeFigure } from '../figure.js'
import { writeTables } from '../tables/write-tables.js'
import type { ReportSource } from './report-source.js'
import type { RunParts } from './run-document.js'

/** Files of a report; absolute paths. */
export interface WrittenReport {
	readonly page: string
	/** SVG and PNG of every figure. */
	readonly figures: readonly string[]
	/** Tables in every format. */
	readonly tables: readonly string[]
	/** The opening sentences of the page. */
	readonly verdict: readonly string[]
	/** Sentences about changed or damaged files, which the page shows as well. */
	readonly problems: readonly string[]
}

/** Name of the page in a folder. */
export const pageFile = 'report.html'

/**
 * Chooses the path of a report.
 * @param output A file that ends in .html, or a folder; by default inside the experiment or the run, or beside the record.
 * @returns Path of the page; figures and tables go to `figures` and `tables` beside it.
 * @throws NaptuneError for a file of another kind.
 */
export async function pagePath(source: ReportSource, output?: string): Promise<string> {
	if (output === undefined) {
		if (source.kind !== 'evaluation') return join(source.folder, pageFile)
		return join(source.folder, `${source.placed.path.replace(/\.json$/, '')}-report`, pageFile)
	}
	const place = resolve(output)
	if (['.html', '.htm'].includes(extname(place).toLowerCase())) return place
	const status = await stat(place).catch(() => undefined)
	if (status && !status.isDirectory()) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`${place} is a file. Give a folder for the report, or a file name that ends in .html.`,
		)
	}
	return join(place, pageFile)
}

/** The parts of a report. @throws NaptuneError for a damaged record or run. */
export async function reportParts(source: ReportSource): Promise<RunParts> {
	// The page code loads with the first page.
	if (source.kind === 'experiment') {
		const { experimentDocument } = await import('./experiment-document.js')
		return { ...(await experimentDocument(source.result, source.root)), result: source.result }
	}
	const { evaluationDocument, runDocument } = await import('./run-document.js')
	return source.kind === 'run' ? runDocument(source) : evaluationDocument(source)
}

/**
 * Writes a report, each file atomically and the page last.
 * @param page From {@link pagePath}.
 * @throws NaptuneError as {@link reportParts} does, or when a file cannot be written.
 */
export async function writeReport(source: ReportSource, page: string): Promise<WrittenReport> {
	const { document, figures, tables, files = [], problems, result } = await reportParts(source)
	const { reportPage } = await import('./page/page.js')
	const html = await reportPage(document)
	const folder = dirname(page)
	await makeFolder(folder)
	const drawn: string[] = []
	if (figures.length > 0) await makeFolder(join(folder, 'figures'))
	for (const { name, figure } of figures) {
		const paths = ['svg', 'png'].map((ending) => join(folder, 'figures', `${name}.${ending}`))
		await writeFigure(figure, ...paths)
		drawn.push(...paths)
	}
	const tabled = result && tables.length > 0 ? await writeTables(join(folder, 'tables'), tables, result) : []
	for (const { name, text } of files) await writeFileAtomic(join(folder, name), text)
	await writeFileAtomic(page, html)
	return { page, figures: drawn, tables: tabled, verdict: document.verdict, problems }
}
