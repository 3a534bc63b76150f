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

/** Adds the command to its group. */
export function addHeadCommand(group: Command): void {
	const count = (flags: string, text: string, value: number) =>
		new Option(flags, text).argParser(wholeNumber(1)).default(value)
	addSharedOptions(
		group
			.command('head')
			.description(surrogateHead.doc)
			.requiredOption(
				'--backbone <file>',
				'pre-trained network (.onnx), with what is known of its input: FILE?normalisation=imagenet&size=224; ?output-name=NAME where its features are an output of it',
			)
			.requiredOption('--out <file>', 'the .onnx file to write; its record and log lie beside it')
			.addOption(dataOption())
			.addOption(dataRootOption())
			.addOption(count('--shots <count>', 'training images per class, which caps large data sets', 16))
			.addOption(count('--epochs <count>', 'passes over the images', 90))
			.addOption(count('--batch-size <count>', 'images per step', 32))
			.addOption(
				new Option('--learning-rate <rate>', 'first rate of AdamW, which falls along a cosine')
					.argParser(nonNegative)
					.default(1e-3),
			)
			.addOption(seedOption('seed of the sample, of initial values and order', 1)),
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
