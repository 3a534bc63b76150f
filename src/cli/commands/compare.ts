/** `naptune compare`: tunes and attacks several methods under one protocol and prints one table. */

import type { Command } from 'commander'
import { tunedMethods } from '../../experiments/definition-of-preset.js'
import { compare } from '../../jobs/compare.js'
import type { JobInput } from '../../jobs/job.js'
import { dataOption, dataRootOption, modelOption } from '../options/input-options.js'
import { loaderThreadsOption, unreadableOption } from '../options/loading-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	commaList,
	epsilonOption,
	type SharedOptions,
	seedOption,
	settingOption,
	wholeNumber,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { comparisonText } from '../text/comparison-text.js'
import { experimentLines } from '../text/experiment-lines.js'

type CompareOptions = SharedOptions & JobInput<typeof compare> & { readonly loaderThreads?: number }

export function addCompareCommand(program: Command): void {
	const ofExperiment = (what: string) => `${what} (default: the experiment's)`
	addSharedOptions(
		program
			.command('compare')
			.description(compare.doc)
			.addOption(modelOption())
			.addOption(dataOption())
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.addOption(dataRootOption())
			.addOption(
				new Option(
					'--output <folder>',
					'folder for all runs; if it holds a comparison, that comparison continues (default: runs/compare-<preset>)',
				),
			)
			.addOption(
				new Option(
					'--preset <name>',
					'experiment with one attack (fair or ablation), or a preset for all methods (default: fair)',
				),
			)
			.option('--quick', 'run the small version of the experiment: fair takes about six minutes on two cores')
			.addOption(
				new Option(
					'--defenses <names>',
					`methods, or rows of an ablation, separated by commas (default: the experiment's, or ${tunedMethods.join(',')})`,
				).argParser(commaList),
			)
			.addOption(
				new Option(
					'--images <count>',
					ofExperiment('number of test images to attack, balanced over the classes'),
				).argParser(wholeNumber(1)),
			)
			.addOption(new Option('--attack <name>', ofExperiment('attack')))
			.addOption(epsilonOption(ofExperiment('L-infinity size of the attack and the inner attack, such as 3/255')))
			.addOption(seedOption(ofExperiment('seed of tuning, choice of images and attack')))
			.addOption(settingOption('any tuning setting, applied to all methods, such as epochs=5; may be repeated')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune compare --quick
  $ naptune compare --model openai/clip-vit-base-patch32 --data photos --set shots=16 --epsilon 1/255`,
		)
		.action((options: CompareOptions) =>
			runJob(compare, options, {
				input: jobInput(options),
				text: comparisonText,
				onEvent: (progress) => experimentLines(progress, { epochs: true }),
				failed: ({ problems }) => problems.length > 0,
			}),
		)
}
