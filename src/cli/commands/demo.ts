/** `naptune demo`: NAP-Tuning on the embedded model and data, from nothing to a table of robust accuracies. */

import type { Command } from 'commander'
import { demo } from '../../jobs/demo.js'
import type { JobInput } from '../../jobs/job.js'
import { Option } from '../options/option.js'
import { addSharedOptions, type SharedOptions, seedOption, wholeNumber } from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { demoText } from '../text/demo-text.js'
import { epochLines } from '../text/tuning-text.js'

type DemoOptions = SharedOptions & JobInput<typeof demo>

export function addDemoCommand(program: Command): void {
	const ofPreset = (what: string) => `${what} (default: the preset's)`
	addSharedOptions(
		program
			.command('demo')
			.description(demo.doc)
			.option('--full', "use the paper's schedule and all 1,000 test images (preset paper), which takes far longer")
			.option('--output <folder>', 'run directory to write (default: runs/demo-<date and time>)')
			.option('--resume', 'continue the demo in the --output folder')
			.addOption(new Option('--shots <count>', ofPreset('training images per class')).argParser(wholeNumber(1)))
			.addOption(new Option('--epochs <count>', ofPreset('passes over the training images')).argParser(wholeNumber(1)))
			.addOption(
				new Option(
					'--images <count>',
					ofPreset('number of test images to attack, balanced over the classes'),
				).argParser(wholeNumber(1)),
			)
			.addOption(seedOption("seed of tuning and evaluation (default: the preset's, 1)")),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune demo
  $ naptune demo --json --quiet > demo.json`,
		)
		.action((options: DemoOptions) =>
			runJob(demo, options, { input: jobInput(options), text: demoText, onEvent: epochLines }),
		)
}
