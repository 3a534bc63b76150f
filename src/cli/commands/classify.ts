/** `naptune classify`: classifies pictures with a CLIP, tuned or not. */

import type { Command } from 'commander'
import { classify } from '../../jobs/classify.js'
import type { JobInput } from '../../jobs/job.js'
import { defaultTemplate } from '../../vlm/class-prompts.js'
import { dataOption, dataRootOption, modelOption } from '../options/input-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	commaList,
	falsePositiveRateOption,
	type SharedOptions,
	wholeNumber,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { classificationText } from '../text/classification-text.js'

type ClassifyOptions = SharedOptions & Omit<JobInput<typeof classify>, 'images'>

export function addClassifyCommand(program: Command): void {
	addSharedOptions(
		program
			.command('classify')
			.description(classify.doc)
			.argument('<image...>', 'JPEG, PNG, WebP, GIF, TIFF or AVIF files')
			.addOption(
				new Option('--run <folder>', 'run directory of naptune tune').conflicts([
					'model',
					'classes',
					'data',
					'template',
				]),
			)
			.addOption(modelOption())
			.addOption(
				new Option('--classes <names>', 'class names separated by commas (default: those of --data)')
					.argParser(commaList)
					.conflicts('data'),
			)
			.addOption(dataOption())
			.addOption(dataRootOption())
			.option(
				'--template <text>',
				`prompt for a class; {} is replaced by its name (default: the prompt of --data, or for --classes ${JSON.stringify(defaultTemplate)})`,
			)
			.addOption(new Option('--top <count>', 'classes to show per picture').argParser(wholeNumber(1)).default(5))
			.addOption(falsePositiveRateOption()),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune classify cat.jpg --run runs/photos
  $ naptune classify cat.jpg --model openai/clip-vit-base-patch16 --classes "cat,dog,tennis racket"`,
		)
		.action((images: string[], options: ClassifyOptions, command: Command) => {
			if (options.run === undefined && command.getOptionValueSource('falsePositiveRate') === 'cli') {
				command.error(
					'error: --false-positive-rate flags corrections of a tuned run, and a CLIP without a run makes no corrections. Add --run <folder>, or remove the option.',
				)
			}
			return runJob(classify, options, { input: { images, ...jobInput(options) }, text: classificationText })
		})
}
