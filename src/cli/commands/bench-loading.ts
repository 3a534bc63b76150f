/** `naptune bench loading`: the cost of reading and augmenting images, compared with the tuning step that they feed. */

import type { Command } from 'commander'
import { sourceForms } from '../../data/sources.js'
import { benchLoading } from '../../jobs/bench-loading.js'
import type { JobInput } from '../../jobs/job.js'
import { dataRootOption } from '../options/input-options.js'
import { loaderThreadsOption } from '../options/loading-options.js'
import { Option } from '../options/option.js'
import { addSharedOptions, type SharedOptions, seedOption, wholeNumber } from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { loadingBenchText } from '../text/bench-text.js'

type LoadingBenchOptions = SharedOptions &
	Omit<JobInput<typeof benchLoading>, 'loaderThreads'> & { readonly loaderThreads: number }

/** Adds the command to `bench`. */
export function addBenchLoadingCommand(bench: Command): void {
	addSharedOptions(
		bench
			.command('loading')
			.description(benchLoading.doc)
			.requiredOption(
				'--data <folder-or-name>',
				`folder with one folder of images per class, ${sourceForms}, or a data set of naptune data list`,
			)
			.addOption(dataRootOption())
			.option('--model <folder-or-id>', 'CLIP checkpoint (default: random weights in the geometry of ViT-B/32)')
			.addOption(new Option('--preset <name>', 'settings of the tuning step').default('paper'))
			.addOption(new Option('--shots <count>', 'training images per class').argParser(wholeNumber(1)).default(16))
			.addOption(new Option('--images <count>', 'load at most this many (default: all)').argParser(wholeNumber(1)))
			.addOption(
				new Option('--step-images <count>', 'images to measure the tuning step on')
					.argParser(wholeNumber(2))
					.default(16),
			)
			.addOption(loaderThreadsOption())
			.addOption(seedOption('seed of the sample and the augmentation', 1)),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune bench loading --data photos
  $ naptune bench loading --data caltech101 --data-root ~/datasets`,
		)
		.action((options: LoadingBenchOptions) =>
			runJob(benchLoading, options, {
				input: { ...jobInput(options), loaderThreads: options.loaderThreads },
				text: loadingBenchText,
			}),
		)
}
