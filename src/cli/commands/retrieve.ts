/** `naptune retrieve`: image-text retrieval with a tuned run, clean and under attack, with vanilla CLIP as the control. */

import { type Command, InvalidArgumentError } from 'commander'
import type { JobInput } from '../../jobs/job.js'
import { retrieve } from '../../jobs/retrieve.js'
import { attackOption, splitOption } from '../options/attack-options.js'
import { dataRootOption } from '../options/input-options.js'
import { loaderThreadsOption } from '../options/loading-options.js'
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
import { retrievalText } from '../text/retrieval-text.js'

type RetrieveOptions = SharedOptions & Omit<JobInput<typeof retrieve>, 'run'> & { readonly loaderThreads?: number }

export function addRetrieveCommand(program: Command): void {
	addSharedOptions(
		program
			.command('retrieve')
			.description(retrieve.doc)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(
				new Option(
					'--captions <file>',
					'JSON lines or an array of {"image": path, "captions": [texts]} (default: captions from the class names of the run\'s data)',
				),
			)
			.addOption(attackOption('PGD on the contrastive loss').default('pgd-100'))
			.addOption(attackSettingOption('steps=50'))
			.addOption(runEpsilonOption('the attack'))
			.addOption(splitOption('images of the data set'))
			.addOption(
				new Option('--limit <count>', 'number of images, chosen by the seed (default: all)').argParser(wholeNumber(1)),
			)
			.addOption(
				new Option('--k <list>', 'ranks for recall, such as 1,5,10')
					.argParser(wholeNumbers)
					.default([1, 5, 10], '1,5,10'),
			)
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack and the choice of images', 1))
			.option('--no-vanilla', 'skip the control')
			.addOption(loaderThreadsOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('recorded in the run')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune retrieve runs/photos --captions photos/captions.jsonl --limit 500`,
		)
		.action((run: string, options: RetrieveOptions) =>
			runJob(retrieve, options, { input: { run, ...jobInput(options) }, text: retrievalText }),
		)
}

function wholeNumbers(text: string): number[] {
	const values = [...new Set(text.split(',').map(wholeNumber(1)))].sort((a, b) => a - b)
	if (values.length === 0) throw new InvalidArgumentError('Expected whole numbers separated by commas, such as 1,5,10.')
	return values
}
