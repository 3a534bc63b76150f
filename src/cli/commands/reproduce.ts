/** `naptune reproduce`: the paper's tables and figures, from data and a checkpoint to results. */

import type { Command } from 'commander'
import { defined } from '../../core/defined.js'
import { experimentNames } from '../../experiments/definition.js'
import type { JobInput } from '../../jobs/job.js'
import { reproduce } from '../../jobs/reproduce.js'
import { reproducePlan } from '../../jobs/reproduce-plan.js'
import { reproduceShard } from '../../jobs/reproduce-shard.js'
import { addExperimentOptions } from '../options/experiment-options.js'
import { Option } from '../options/option.js'
import { addSharedOptions, batchSizeOption, type SharedOptions } from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { experimentLines } from '../text/experiment-lines.js'
import { planText } from '../text/plan-text.js'
import { reproductionText } from '../text/reproduction-text.js'
import { shardText } from '../text/shard-text.js'

type ReproduceOptions = SharedOptions &
	Omit<JobInput<typeof reproduce>, 'experiments' | 'merge'> & {
		readonly loaderThreads?: number
		readonly plan?: boolean
		readonly shard?: string
		readonly merge?: readonly string[] | true
	}

export function addReproduceCommand(program: Command): void {
	const wanted = addExperimentOptions(
		program
			.command('reproduce')
			.description(reproduce.doc)
			.argument('<experiments...>', `${experimentNames.join(', ')} (all from the paper), or your own .json files`)
			.option('--quick', 'run a small experiment on the embedded model and data')
			.option('--plan', 'estimate the cost on this device from a short benchmark; compute nothing else')
			.addOption(
				new Option(
					'--shard <part>',
					'work on one of several parts of equal work, such as 3/16; auto: as a Slurm array or an indexed Kubernetes job says (default: none)',
				).conflicts(['plan', 'merge']),
			)
			.addOption(
				new Option(
					'--merge [folders...]',
					'join the folders of shards first (default: all in the folder shards of the output)',
				).conflicts('plan'),
			),
	)
	addSharedOptions(
		wanted
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
  $ naptune reproduce table1 --quick --shard 1/3
  $ naptune reproduce table1 --quick --merge
  $ naptune reproduce fig6-shots --data-root data --model openai/clip-vit-base-patch32 --limit 500`,
		)
		.action((experiments: string[], { plan, shard, merge, ...options }: ReproduceOptions) => {
			if (plan) {
				const { output: _, batchSize: __, ...wanted } = jobInput(options)
				return runJob(reproducePlan, options, { input: { experiments, ...wanted }, text: planText })
			}
			if (shard !== undefined) {
				return runJob(reproduceShard, options, {
					input: { experiments, shard, ...jobInput(options) },
					text: shardText,
					onEvent: (progress) => experimentLines(progress),
					failed: ({ problems }) => problems,
				})
			}
			return runJob(reproduce, options, {
				input: { experiments, ...jobInput(options), ...defined({ merge: merge === true ? [] : merge }) },
				text: reproductionText,
				onEvent: (progress) => experimentLines(progress),
				failed: (result) => result.experiments.some(({ problems }) => problems.length > 0),
			})
		})
}
