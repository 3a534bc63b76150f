/** `naptune distortion`: how far an attack moves the tokens of each layer, before and after the refiner. */

import type { Command } from 'commander'
import { distortion } from '../../jobs/distortion.js'
import type { JobInput } from '../../jobs/job.js'
import { attackOption, splitOption } from '../options/attack-options.js'
import { dataRootOption } from '../options/input-options.js'
import { loaderThreadsOption, unreadableOption } from '../options/loading-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	runEpsilonOption,
	runModelOption,
	type SharedOptions,
	seedOption,
	wholeNumber,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { distortionText } from '../text/distortion-tables.js'

type DistortionOptions = SharedOptions & Omit<JobInput<typeof distortion>, 'run'> & { readonly loaderThreads?: number }

export function addDistortionCommand(program: Command): void {
	addSharedOptions(
		program
			.command('distortion')
			.description(distortion.doc)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(attackOption('attack').default('pgd-20'))
			.addOption(attackSettingOption('steps=50'))
			.addOption(runEpsilonOption('attack and noise'))
			.addOption(splitOption('images to perturb'))
			.addOption(
				new Option('--limit <count>', 'at most this many images, balanced over the classes')
					.argParser(wholeNumber(2))
					.default(100),
			)
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack, the noise and the choice of images', 1))
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('recorded in the run')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune distortion runs/photos --epsilon 1/255 --limit 200`,
		)
		.action((run: string, options: DistortionOptions) =>
			runJob(distortion, options, { input: { run, ...jobInput(options) }, text: distortionText }),
		)
}
