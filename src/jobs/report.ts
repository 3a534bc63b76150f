/** Writes one page about an experiment, a run or an evaluation. */

import { dirname, join } from 'node:path'
import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { type ReportSource, readReportSource } from '../report/html/report-source.js'
import { pagePath, writeReport } from '../report/html/write-report.js'
import { countField, dataRootField } from './common/fields.js'
import { recordRunGallery } from './common/run-gallery.js'
import { defineJob } from './job.js'

/** The input of {@link report}. */
export const reportInput = z.strictObject({
	/** Folder of an experiment, run directory of `tune`, or an evaluation record (.json). */
	source: z.string(),
	/** An .html file, or a folder for report.html; by default inside the experiment or run, or in a folder beside a record. */
	output: z.string().optional(),
	/**
	 * Number of test images to attack first for a gallery, which stays in the run; for an experiment in every run that it
	 * shows. By default the page shows existing galleries only.
	 */
	gallery: countField.optional(),
	/** Where the checkpoint of a run is now; by default where the run found it. */
	model: z.string().optional(),
	/** Folder that holds the folders of named data sets now; by default where the run found them. */
	dataRoot: dataRootField,
})

/** The result of {@link report}. */
export const reportResult = z.object({
	kind: z.enum(['experiment', 'run', 'evaluation']).describe('What the report is about.'),
	report: z.string().describe('File of the page.'),
	figures: z.array(z.string()).describe('SVG and PNG files of every figure.'),
	tables: z.array(z.string()).describe('Files of the tables, in every format.'),
	verdict: z.array(z.string()).describe('The opening sentences of the page.'),
	problems: z
		.array(z.string())
		.describe('Changed or damaged records and other files; the page lists and excludes them.'),
})

/**
 * Writes a report as one self-contained HTML file, with figures and tables beside it.
 * @throws NaptuneError when there is nothing to report on, or it is damaged.
 */
export const report = defineJob({
	name: 'report',
	doc: 'Write a report as one self-contained HTML file: results, figures, protocol, provenance and how to repeat it. Also writes figures (SVG, PNG) and tables (Markdown, CSV, LaTeX, JSON) beside it.',
	input: reportInput,
	result: reportResult,
	async run({ source: path, output, gallery, model, dataRoot }, context) {
		const source = await readReportSource(path, model)
		if (gallery !== undefined) {
			for (const run of galleryRuns(source)) await recordRunGallery(context, { run, model, dataRoot }, gallery)
		}
		const page = await pagePath(source, output)
		const folder = dirname(page)
		for (const written of [folder, join(folder, 'figures'), join(folder, 'tables')]) context.onFolder(written)
		const { figures, tables, verdict, problems } = await writeReport(source, page)
		return { kind: source.kind, report: page, figures, tables, verdict, problems }
	},
})

function galleryRuns(source: ReportSource): string[] {
	switch (source.kind) {
		case 'run':
			return [source.folder]
		case 'experiment':
			return source.result.shown.map(({ run }) => join(source.root, run))
		case 'evaluation':
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				'A gallery needs the tuned model, which an evaluation record does not hold. Give its run.',
			)
	}
}
