/** `naptune bench gradient`: how close the gradients of a CLIP come to the machine's matrix product. */

import { type Command, InvalidArgumentError } from 'commander'
import { benchGradient } from '../../jobs/bench-gradient.js'
import type { JobInput } from '../../jobs/job.js'
import { Option } from '../options/option.js'
import { addSharedOptions, commaList, type SharedOptions, wholeNumber } from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { gradientBenchText } from '../text/bench-text.js'
import { addBenchLoadingCommand } from './bench-loading.js'

export function addBenchCommand(program: Command): void {
	const bench = program.command('bench').description('Measure the speed of this machine.')
	addBenchLoadingCommand(bench)
	addSharedOptions(
		bench
			.command('gradient')
			.description(benchGradient.doc)
			.addOption(
				new Option('--batch <sizes>', 'images per run, separated by commas').argParser(batchSizes).default([16], '16'),
			)
			.addOption(
				new Option('--rounds <count>', 'number of measurements; the best counts').argParser(wholeNumber(1)).default(4),
			)
			.option('--no-prepack', 'do not pre-pack copies of the weights: uses less memory'),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune bench gradient --batch 1,16 --json`,
		)
		.action((options: SharedOptions & JobInput<typeof benchGradient>) =>
			runJob(benchGradient, options, { input: jobInput(options), text: gradientBenchText }),
		)
}

function batchSizes(list: string): number[] {
	const sizes = commaList(list).map(Number)
	if (!sizes.every((size) => Number.isInteger(size) && size >= 1)) {
		throw new InvalidArgumentError('Expected whole numbers of at least 1, separated by commas.')
	}
	return sizes
}
