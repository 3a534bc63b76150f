/** `naptune tune`: tunes a defense on a CLIP and labelled images. */

import type { Command } from 'commander'
import { tunableDefenses } from '../../defenses/registry.js'
import type { JobInput } from '../../jobs/job.js'
import { tune } from '../../jobs/tune.js'
import { dataOption, dataRootOption, modelOption } from '../options/input-options.js'
import { loaderThreadsOption, unreadableOption } from '../options/loading-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	epsilonOption,
	type SharedOptions,
	seedOption,
	settingOption,
	wholeNumber,
} from '../options/shared-options.js'
import { trackingOptions } from '../options/tracking-options.js'
import { jobInput, runJob } from '../run-job.js'
import { epochLines, tunedText } from '../text/tuning-text.js'

type TuneOptions = SharedOptions & JobInput<typeof tune> & { readonly loaderThreads?: number }

export function addTuneCommand(program: Command): void {
	const ofPreset = (what: string) => `${what} (default: the preset's)`
	const command = addSharedOptions(
		program
			.command('tune')
			.description(tune.doc)
			.addOption(modelOption())
			.addOption(dataOption())
			.addOption(dataRootOption())
			.requiredOption('--output <folder>', 'run directory to write')
			.addOption(
				new Option(
					'--preset <name>',
					'initial settings: photos, paper, author, reference, fair, transfer, demo … (naptune defenses --presets lists all) (default: paper for a named data set, photos for your own images)',
				),
			)
			.addOption(new Option('--defense <name>', ofPreset('method')).choices(tunableDefenses))
			.addOption(new Option('--shots <count>', ofPreset('training images per class')).argParser(wholeNumber(1)))
			.addOption(
				epsilonOption(
					"L-infinity size of the inner attack, such as 1/255 (default: the preset's; photos finds the size that breaks vanilla CLIP on validation images)",
				),
			)
			.addOption(new Option('--epochs <count>', ofPreset('passes over the images')).argParser(wholeNumber(1)))
			.addOption(new Option('--batch-size <count>', ofPreset('images per step')).argParser(wholeNumber(1)))
			.addOption(seedOption(ofPreset('seed of the sample, the initial values, the order and the augmentation')))
			.addOption(settingOption('any other setting, such as optimizer.learningRate=0.002; may be repeated'))
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.option('--resume', 'continue the run in the output folder'),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune tune --model openai/clip-vit-base-patch16 --data photos --output runs/photos
  $ naptune evaluate runs/photos`,
		)
		.action((options: TuneOptions) =>
			runJob(tune, options, {
				input: jobInput(options),
				text: (result) => tunedText(result, options.output),
				onEvent: epochLines,
			}),
		)
	trackingOptions(command)
}
