/** Options of commands that run experiments: what is wanted of them. */

import type { Command } from 'commander'
import { dataRootOption } from './input-options.js'
import { loaderThreadsOption } from './loading-options.js'
import { Option } from './option.js'
import { commaList, epsilonOption, settingOption, wholeNumber } from './shared-options.js'

/** Adds the options. */
export function addExperimentOptions(command: Command): Command {
	const ofExperiment = (what: string) => `${what} (default: the experiment's)`
	return command
		.addOption(
			new Option('--model <folders-or-ids>', ofExperiment('CLIP checkpoints, separated by commas')).argParser(
				commaList,
			),
		)
		.addOption(
			new Option('--data <names>', ofExperiment('data sets, separated by commas; missing ones are skipped')).argParser(
				commaList,
			),
		)
		.addOption(dataRootOption())
		.addOption(loaderThreadsOption())
		.addOption(new Option('--methods <names>', ofExperiment('methods, separated by commas')).argParser(commaList))
		.addOption(
			new Option(
				'--protocol <names>',
				ofExperiment(
					'settings to tune methods under: a protocol for all methods that have it, or METHOD=NAME, separated by commas; both for one row under each, none for the experiment’s preset',
				),
			).argParser(commaList),
		)
		.addOption(
			new Option(
				'--conditions <names>',
				ofExperiment('rows or attacks, such as clean,pgd-100, or epsilon-curve for its points, separated by commas'),
			).argParser(commaList),
		)
		.addOption(
			new Option('--seeds <numbers>', ofExperiment('seeds of sampling and tuning, separated by commas')).argParser(
				(text) => commaList(text).map(wholeNumber(0)),
			),
		)
		.addOption(
			new Option('--limit <count>', ofExperiment('most test images per cell, balanced over the classes')).argParser(
				wholeNumber(1),
			),
		)
		.addOption(
			epsilonOption(
				ofExperiment('L-infinity size of inner attacks, and of attacks without a size of their own, such as 1/255'),
			),
		)
		.addOption(
			new Option(
				'--surrogate <file>',
				"classifier (.onnx) of CWA's attacker, with a description of its input: FILE?normalisation=imagenet&size=224; DATA=FILE for one data set only; may be repeated",
			)
				.argParser((file: string, before: readonly string[]) => [...before, file])
				.default([], 'trained on the training images'),
		)
		.option('--substitute <file>', "substitute (.onnx) of AGS's attacker (default: trained on the training images)")
		.addOption(settingOption('any tuning setting, applied to all methods, such as epochs=5; may be repeated'))
}
