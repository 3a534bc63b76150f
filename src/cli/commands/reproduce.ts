/** `naptune reproduce`: the paper's tables and figures, from data and a checkpoint to results. */

import type { Command } from 'commander'
import { experimentNames } from '../../experiments/definition.js'
import type { JobInput } from '../../jobs/job.js'
import { reproduce } from '../../jobs/reproduce.js'
import { reproducePlan } from '../../jobs/reproduce-plan.js'
import { dataRootOption } from '../options/input-options.js'
import { loaderThreadsOption } from '../options/loading-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	batchSizeOption,
	commaList,
	epsilonOption,
	type SharedOptions,
	settingOption,
	wholeNumber,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { experimentLines } from '../text/experiment-lines.js'
import { planText } from '../text/plan-text.js'
import { reproductionText } from '../text/reproduction-text.js'

type ReproduceOptions = SharedOptions &
	Omit<JobInput<typeof reproduce>, 'experiments'> & { readonly loaderThreads?: number; readonly plan?: boolean }

export function addReproduceCommand(program: Command): void {
	const ofExperiment = (what: string) => `${what} (default: the experiment's)`
	addSharedOptions(
		program
			.command('reproduce')
			.description(reproduce.doc)
			.argument('<experiments...>', `${experimentNames.join(', ')} (all from the paper), or your own .json files`)
			.option('--quick', 'run a small experiment on the embedded model and data')
			.option('--plan', 'estimate the cost on this device from a short benchmark; compute nothing else')
			.addOption(
				new Option('--model <folders-or-ids>', ofExperiment('CLIP checkpoints, separated by commas')).argParser(
					commaList,
				),
			)
			.addOption(
				new Option(
					'--data <names>',
					ofExperiment('data sets, separated by commas; missing ones are skipped'),
				).argParser(commaList),
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
			.option(
				'--output <folder>',
				'folder for all experiments (default: runs/reproduce, or runs/reproduce-quick with --quick)',
			)
			.addOption(batchSizeOption()),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune reproduce table1 --quick
  $ naptune reproduce table1 --quick --protocol both
  $ naptune reproduce table1 table2 --plan
  $ naptune reproduce table1 --data-root data --data caltech101,dtd --methods vanilla,nap
  $ naptune reproduce fig6-shots --data-root data --model openai/clip-vit-base-patch32 --limit 500`,
		)
		.action((experiments: string[], { plan, ...options }: ReproduceOptions) => {
			if (plan) {
				const { output: _, batchSize: __, ...wanted } = jobInput(options)
				return runJob(reproducePlan, options, { input: { experiments, ...wanted }, text: planText })
			}
			return runJob(reproduce, options, {
				input: { experiments, ...jobInput(options) },
				text: reproductionText,
				onEvent: (progress) => experimentLines(progress),
				failed: (result) => result.experiments.some(({ problems }) => problems.length > 0),
			})
		})
}
