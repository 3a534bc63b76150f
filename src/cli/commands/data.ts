/** `naptune data`: lists the named data sets, and checks whether one is complete. */

import { type Command, InvalidArgumentError } from 'commander'
import { sourceForms } from '../../data/sources.js'
import { dataDoctor } from '../../jobs/data-doctor.js'
import { dataList } from '../../jobs/data-list.js'
import type { JobInput } from '../../jobs/job.js'
import { dataRootOption } from '../options/input-options.js'
import { Option } from '../options/option.js'
import { addSharedOptions, type SharedOptions, seedOption, wholeNumber } from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { dataListText } from '../text/data-list-text.js'
import { doctorText, foundProblems } from '../text/examination-text.js'

export function addDataCommand(program: Command): void {
	const group = program.command('data').description('List the named data sets, and check whether one is complete.')
	addList(group)
	addDoctor(group)
}

function addList(group: Command): void {
	addSharedOptions(group.command('list').description(dataList.doc).addOption(dataRootOption()))
		.addHelpText(
			'after',
			`
Example:
  $ naptune data list --data-root ~/datasets`,
		)
		.action((options: SharedOptions & JobInput<typeof dataList>) =>
			runJob(dataList, options, { input: jobInput(options), text: dataListText }),
		)
}

function addDoctor(group: Command): void {
	addSharedOptions(
		group
			.command('doctor')
			.description(dataDoctor.doc)
			.argument(
				'<name-or-folder>',
				`a named data set, its folder, a data root with several, a folder with one folder of images per class, ${sourceForms}`,
			)
			.addOption(dataRootOption())
			.addOption(
				new Option('--decode <which>', 'images to decode: all (takes hours for ImageNet), none, or a number')
					.argParser(decodeChoice)
					.default('all'),
			)
			.addOption(seedOption('seed of the split, for a folder that has none', 1)),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune data doctor caltech101 --data-root ~/datasets
  $ naptune data doctor ~/datasets --decode 500
  $ naptune data doctor photos --decode 500`,
		)
		.action((data: string, options: SharedOptions & Omit<JobInput<typeof dataDoctor>, 'data'>) =>
			runJob(dataDoctor, options, {
				input: { data, ...jobInput(options), parallel: options.threads },
				text: doctorText,
				failed: foundProblems,
			}),
		)
}

function decodeChoice(text: string): 'all' | number {
	if (text === 'all') return 'all'
	if (text === 'none') return 0
	try {
		return wholeNumber(1)(text)
	} catch {
		throw new InvalidArgumentError('Expected all, none, or a number of images.')
	}
}
