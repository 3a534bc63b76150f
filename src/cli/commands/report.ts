/** `naptune report`: writes one page about an experiment, a run or an evaluation. */

import type { Command } from 'commander'
import type { JobInput } from '../../jobs/job.js'
import { report } from '../../jobs/report.js'
import { dataRootOption } from '../options/input-options.js'
import { Option } from '../options/option.js'
import { addSharedOptions, runModelOption, type SharedOptions, wholeNumber } from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { reportText } from '../text/report-text.js'

type ReportOptions = SharedOptions & Omit<JobInput<typeof report>, 'source'>

export function addReportCommand(program: Command): void {
	addSharedOptions(
		program
			.command('report')
			.description(report.doc)
			.argument('<source>', 'folder of an experiment, run directory of naptune tune, or an evaluation record (.json)')
			.addOption(
				new Option(
					'--output <file-or-folder>',
					'.html file, or folder for report.html (default: in the experiment or run; for a record, a folder beside it)',
				),
			)
			.addOption(
				new Option(
					'--gallery <count>',
					'first attack this many test images for a gallery, which the run keeps; for an experiment, in every run that it shows (default: use existing galleries)',
				).argParser(wholeNumber(1)),
			)
			.addOption(runModelOption())
			.addOption(dataRootOption('recorded in the run')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune report runs/photos
  $ naptune report runs/reproduce/table1 --output table1.html`,
		)
		.action((source: string, options: ReportOptions) =>
			runJob(report, options, {
				input: { source, ...jobInput(options) },
				text: reportText,
				failed: ({ problems }) => problems,
			}),
		)
}
