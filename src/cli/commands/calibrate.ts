/** `naptune calibrate`: what the size of the refiners' corrections says about an image, measured on clean and attacked images. */

import type { Command } from 'commander'
import { calibrate } from '../../jobs/calibrate.js'
import type { JobInput } from '../../jobs/job.js'
import { attackOption, limitOption } from '../options/attack-options.js'
import { dataRootOption } from '../options/input-options.js'
import { loaderThreadsOption } from '../options/loading-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	falsePositiveRateOption,
	nonNegative,
	runEpsilonOption,
	runModelOption,
	type SharedOptions,
	seedOption,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { calibrationText } from '../text/calibration-text.js'

type CalibrateOptions = SharedOptions & Omit<JobInput<typeof calibrate>, 'run'> & { readonly loaderThreads?: number }

export function addCalibrateCommand(program: Command): void {
	addSharedOptions(
		program
			.command('calibrate')
			.description(calibrate.doc)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(falsePositiveRateOption())
			.addOption(attackOption('also attack test images (default: none)'))
			.addOption(attackSettingOption('steps=50'))
			.addOption(
				new Option(
					'--adaptive-weight <number>',
					'weight of the scores in an attack that evades them; 0 skips that attack',
				)
					.argParser(nonNegative)
					.default(10),
			)
			.addOption(runEpsilonOption('the attack'))
			.addOption(limitOption('all', 'test images'))
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack and the choice of images', 1))
			.addOption(loaderThreadsOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('recorded in the run')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune calibrate runs/photos --attack pgd-20 --limit 200`,
		)
		.action((run: string, options: CalibrateOptions) =>
			runJob(calibrate, options, { input: { run, ...jobInput(options) }, text: calibrationText }),
		)
}
