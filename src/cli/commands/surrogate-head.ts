/** `naptune surrogate head`: a pre-trained network with a new last layer. */

import type { Command } from 'commander'
import type { JobInput } from '../../jobs/job.js'
import { surrogateHead } from '../../jobs/surrogate-head.js'
import { dataOption, dataRootOption } from '../options/input-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	nonNegative,
	type SharedOptions,
	seedOption,
	wholeNumber,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { classifierText, surrogateLines } from '../text/training-text.js'

export function addHeadCommand(group: Command): void {
	const count = (flags: string, text: string, value: number) =>
		new Option(flags, text).argParser(wholeNumber(1)).default(value)
	addSharedOptions(
		group
			.command('head')
			.description(surrogateHead.doc)
			.requiredOption(
				'--backbone <file>',
				'pre-trained network (.onnx), with a description of its input: FILE?normalisation=imagenet&size=224; add ?output-name=NAME if an output holds its features',
			)
			.requiredOption('--out <file>', '.onnx file to write; its record and log are written beside it')
			.addOption(dataOption())
			.addOption(dataRootOption())
			.addOption(count('--shots <count>', 'most training images per class, for large data sets', 16))
			.addOption(count('--epochs <count>', 'passes over the images', 90))
			.addOption(count('--batch-size <count>', 'images per step', 32))
			.addOption(
				new Option('--learning-rate <rate>', 'initial learning rate of AdamW, which follows a cosine schedule')
					.argParser(nonNegative)
					.default(1e-3),
			)
			.addOption(seedOption('seed of the sample, the initial values and the order', 1)),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune surrogate head --backbone 'resnet50.onnx?normalisation=imagenet' --data caltech101 --data-root data --out surrogates/caltech101.onnx
  $ naptune reproduce table1 --data-root data --surrogate caltech101=surrogates/caltech101.onnx`,
		)
		.action((options: SharedOptions & JobInput<typeof surrogateHead>) =>
			runJob(surrogateHead, options, { input: jobInput(options), text: classifierText, onEvent: surrogateLines }),
		)
}
