/** `naptune inspect`: describes a tuning run, its progress and its learning curves. */

import { type Command, InvalidArgumentError } from 'commander'
import { inspect } from '../../jobs/inspect.js'
import type { JobInput } from '../../jobs/job.js'
import { isFigureFile } from '../../report/figure.js'
import { Option } from '../options/option.js'
import { addSharedOptions, runModelOption, type SharedOptions } from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { inspectionText } from '../text/inspection-text.js'

type InspectOptions = SharedOptions & Omit<JobInput<typeof inspect>, 'run'>

export function addInspectCommand(program: Command): void {
	addSharedOptions(
		program
			.command('inspect')
			.description(inspect.doc)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(
				new Option('--plot <file>', 'write the learning curves as .svg or .png (default: none)').argParser(figureFile),
			)
			.addOption(runModelOption()),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune inspect runs/photos --plot curves.svg`,
		)
		.action((run: string, options: InspectOptions) =>
			runJob(inspect, options, { input: { run, ...jobInput(options) }, text: inspectionText }),
		)
}

function figureFile(text: string): string {
	if (isFigureFile(text)) return text
	throw new InvalidArgumentError('Expected a file name that ends in .svg or .png.')
}
