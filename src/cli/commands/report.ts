/** `naptune report`: one page about an experiment, a run or an evaluation. */

import { dirname, join } from 'node:path'
import { type Command, Option } from 'commander'
import { NaptuneError } from '../../core/errors.js'
import { type ReportSource, readReportSource } from '../../report/html/report-source.js'
import { pagePath, writeReport } from '../../report/html/write-report.js'
import { dataRootOption } from '../inputs.js'
import { addSharedOptions, runModelOption, type SharedOptions, wholeNumber } from '../options.js'
import { recordRunGallery } from '../run-gallery.js'
import { type Session, withSession } from '../session.js'

interface ReportOptions extends SharedOptions {
	readonly output?: string
	readonly gallery?: number
	readonly model?: string
	readonly dataRoot?: string
}

/** Adds the command. */
export function addReportCommand(program: Command): void {
	addSharedOptions(
		program
			.command('report')
			.description(
				'Write a report as one HTML file that loads nothing from anywhere: results, figures, protocol, provenance and how to repeat it. Figures (SVG, PNG) and tables (Markdown, CSV, LaTeX, JSON) are written beside it.',
			)
			.argument('<source>', 'folder of an experiment, run directory of naptune tune, or an evaluation record (.json)')
			.addOption(
				new Option(
					'--output <file-or-folder>',
					'.html file, or folder for report.html (default: into the experiment or run, for a record a folder beside it)',
				),
			)
			.addOption(
				new Option(
					'--gallery <count>',
					'first attack so many test images for a gallery, which stays in the run; of an experiment in every run that it shows (default: galleries that are there)',
				).argParser(wholeNumber(1)),
			)
			.addOption(runModelOption())
			.addOption(dataRootOption('where the run found them')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune report runs/photos
  $ naptune report runs/reproduce/table1 --output table1.html`,
		)
		.action((source: string, options: ReportOptions) =>
			withSession(options, (session) => runReport(source, options, session)),
		)
}

async function runReport(path: string, options: ReportOptions, session: Session): Promise<void> {
	const source = await readReportSource(path, options.model)
	if (options.gallery !== undefined) {
		const { gallery, model, dataRoot } = options
		for (const run of galleryRuns(source)) await recordRunGallery(session, run, gallery, model, dataRoot)
	}
	const page = await pagePath(source, options.output)
	const folder = dirname(page)
	for (const written of [folder, join(folder, 'figures'), join(folder, 'tables')]) session.writesTo(written)
	const { figures, tables, verdict } = await writeReport(source, page)
	session.result(
		{ kind: source.kind, report: page, figures, tables, verdict },
		[
			...verdict,
			'',
			`The report is ${page}`,
			...(figures.length > 0 ? [`  ${figures.length} files of figures in ${join(folder, 'figures')}`] : []),
			...(tables.length > 0 ? [`  ${tables.length} files of tables in ${join(folder, 'tables')}`] : []),
		].join('\n'),
	)
}

function galleryRuns(source: ReportSource): string[] {
	switch (source.kind) {
		case 'run':
			return [source.folder]
		case 'experiment':
			return source.result.shown.map(({ run }) => join(source.root, run))
		case 'evaluation':
			throw new NaptuneError('A gallery needs the tuned model, which an evaluation record does not hold. Give its run.')
	}
}
