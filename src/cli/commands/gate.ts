/** `naptune gate` decides whether a model may be released; `naptune gate init` writes the requirements. */

import { resolve } from 'node:path'
import type { Command } from 'commander'
import { gate, gateFile } from '../../jobs/gate.js'
import { gateInit } from '../../jobs/gate-init.js'
import type { JobContext, JobInput } from '../../jobs/job.js'
import { tellActions } from '../github-actions.js'
import { attackOption, epsilonInNormOption, limitOption, normOption, splitOption } from '../options/attack-options.js'
import { dataRootOption } from '../options/input-options.js'
import { loaderThreadsOption } from '../options/loading-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	nonNegative,
	runModelOption,
	type SharedOptions,
	seedOption,
	shareOption,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { gateInitText, gateText } from '../text/gate-text.js'

type GateOptions = SharedOptions & Omit<JobInput<typeof gate>, 'subject'> & { readonly config: string }
type InitOptions = SharedOptions & Omit<JobInput<typeof gateInit>, 'subject'>

const takes = 'run directory of naptune tune, folder of an export, or ONNX file'

export function addGateCommand(program: Command): void {
	const group = program.command('gate').description(gate.doc)
	addRun(group)
	addInit(group)
}

function addRun(group: Command): void {
	addSharedOptions(
		group
			.command('run', { isDefault: true })
			.description(`${gate.doc} The word run is optional.`)
			.argument('<model>', takes)
			.option('--config <file>', 'requirements for the model', gateFile)
			.option('--vanilla', "judge the run's CLIP without the tuning, as the control")
			.option('--update-baseline', 'make the model the baseline of later gates if it passes')
			.option('--output <folder>', 'folder for the verdict: gate.json, junit.xml, summary.md', 'naptune-gate')
			.option('--cache <folder>', 'outcomes of earlier gates (default: cache in the output folder)')
			.addOption(batchSizeOption())
			.addOption(loaderThreadsOption())
			.addOption(runModelOption())
			.addOption(dataRootOption()),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune gate init runs/photos
  $ naptune gate runs/photos
  $ naptune gate exports/photos --json`,
		)
		.action((model: string, options: GateOptions) => {
			const told = async (input: JobInput<typeof gate>, context: Partial<JobContext>) => {
				const result = await gate(input, context)
				await tellActions(result, { summary: result.files.summary, config: resolve(options.config) })
				return result
			}
			return runJob(Object.assign(told, { jobName: gate.jobName }), options, {
				input: { subject: model, ...jobInput(options) },
				text: gateText,
				failed: ({ verdict }) => verdict === 'fail',
				undecided: ({ verdict }) => verdict === 'undecided',
			})
		})
}

function addInit(group: Command): void {
	addSharedOptions(
		group
			.command('init')
			.description(gateInit.doc)
			.argument('<model>', takes)
			.option('--config <file>', 'configuration to write; the baseline is written beside it', gateFile)
			.option('--force', 'replace existing files')
			.option('--data <folder-or-name>', 'data to attack (default: the data that the run was tuned on)')
			.addOption(splitOption())
			.addOption(limitOption('200'))
			.addOption(attackOption("attack (default: the attack of the run's preset, or pgd-100)"))
			.addOption(attackSettingOption('restarts=5'))
			.addOption(normOption())
			.addOption(epsilonInNormOption("size of the perturbation (default: the size in the run's preset)"))
			.addOption(shareOption('--slack <share>', 'margin between the measured shares and the thresholds', 0.02))
			.addOption(shareOption('--max-drop <share>', 'largest drop against the baseline', 0.03))
			.option('--no-audit', 'require no audit checks')
			.addOption(
				new Option('--time-budget <seconds>', 'time that a gate may take').argParser(nonNegative).default(1800),
			)
			.option('--cache <folder>', 'outcomes for later gates to reuse (default: naptune-gate/cache)')
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack, and of the choice and order of images', 1))
			.addOption(loaderThreadsOption())
			.addOption(runModelOption())
			.addOption(dataRootOption()),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune gate init runs/photos --attack autoattack --limit 500`,
		)
		.action((model: string, options: InitOptions) =>
			runJob(gateInit, options, { input: { subject: model, ...jobInput(options) }, text: gateInitText }),
		)
}
