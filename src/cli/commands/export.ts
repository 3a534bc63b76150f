/** `naptune export`: writes a tuned model as files that other programs load. */

import { type Command, InvalidArgumentError } from 'commander'
import { exportModel } from '../../jobs/export-model.js'
import type { JobInput } from '../../jobs/job.js'
import { exportLayouts, exportPrecisions, exportTasks, preprocessPlaces } from '../../records/export.js'
import { dataRootOption } from '../options/input-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	batchSizeOption,
	nonNegative,
	runEpsilonOption,
	runModelOption,
	type SharedOptions,
	seedOption,
	wholeNumber,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { exportText } from '../text/export-text.js'

type ExportOptions = SharedOptions & Omit<JobInput<typeof exportModel>, 'run'>

export function addExportCommand(program: Command): void {
	addSharedOptions(
		program
			.command('export')
			.description(exportModel.doc)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(new Option('--output <folder>', 'folder to write').makeOptionMandatory())
			.addOption(
				new Option('--task <name>', "a classifier for the run's classes, or a CLIP for any classes")
					.choices(exportTasks)
					.default('classifier'),
			)
			.addOption(
				new Option('--layout <name>', 'programs that the export is laid out for')
					.choices(exportLayouts)
					.default('onnx'),
			)
			.addOption(
				new Option('--dtype <name>', 'precision of weights and arithmetic')
					.choices(exportPrecisions)
					.argParser(precision)
					.default('fp32'),
			)
			.addOption(
				new Option(
					'--preprocess <where>',
					'where pictures are resized, cropped and normalised: by the program, or in the graph',
				)
					.choices(preprocessPlaces)
					.default('outside'),
			)
			.addOption(new Option('--probabilities', 'add an output with probabilities'))
			.addOption(
				new Option('--correction-score', 'add an output that says how heavily the refiners corrected an image'),
			)
			.addOption(
				new Option('--images <count>', 'test images to measure the files on').argParser(wholeNumber(1)).default(200),
			)
			.addOption(runEpsilonOption('the attack (PGD-20)'))
			.addOption(
				new Option('--max-drop <share>', 'largest allowed drop in clean or robust accuracy against the run')
					.argParser(share)
					.default(0.01),
			)
			.addOption(
				new Option(
					'--license <id>',
					"licence of the base model for the card, such as mit (default: nano's; for other models the card says to look it up)",
				),
			)
			.addOption(
				new Option('--push <owner/name>', 'hub repository to push the export to, using HF_TOKEN (default: none)'),
			)
			.addOption(new Option('--private', 'make the repository private, if this push creates it'))
			.addOption(new Option('--force', 'replace an existing export in the folder'))
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack and the choice of images', 1))
			.addOption(runModelOption())
			.addOption(dataRootOption('recorded in the run')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune export runs/photos --output exports/photos
  $ naptune export runs/photos --output exports/web --layout transformers.js`,
		)
		.action((run: string, options: ExportOptions) =>
			runJob(exportModel, options, { input: { run, ...jobInput(options) }, text: exportText }),
		)
}

function precision(text: string): (typeof exportPrecisions)[number] {
	const found = exportPrecisions.find((name) => name === text)
	if (found) return found
	const why = /^(?:u?int|q)(?:4|8)/.test(text)
		? ' Whole numbers have no gradient, so the robustness of such a file could not be measured as that of the others is.'
		: ''
	throw new InvalidArgumentError(`Allowed choices are ${exportPrecisions.join(', ')}.${why}`)
}

function share(text: string): number {
	const value = nonNegative(text)
	if (value > 1) throw new InvalidArgumentError('Expected a number from 0 to 1, such as 0.01.')
	return value
}
