/** `naptune generate`: makes adversarial images on surrogates once, to try on any model. */

import type { Command } from 'commander'
import { normalisations } from '../../classifier/onnx-file/onnx-input.js'
import { generate } from '../../jobs/generate.js'
import type { JobInput } from '../../jobs/job.js'
import { attackListHelp, attackOption, limitOption, splitOption } from '../options/attack-options.js'
import { dataOption, dataRootOption, modelOption } from '../options/input-options.js'
import { loaderThreadsOption, unreadableOption } from '../options/loading-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	epsilonOption,
	type SharedOptions,
	seedOption,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { generatedText } from '../text/generated-text.js'

type GenerateOptions = SharedOptions & Omit<JobInput<typeof generate>, 'store'> & { readonly loaderThreads?: number }

export function addGenerateCommand(program: Command): void {
	const means = { surrogates: true, listed: true } as const
	addSharedOptions(
		program
			.command('generate')
			.description(generate.doc)
			.argument('<store>', 'folder for the images: new, or from an earlier call of this command')
			.addOption(
				new Option(
					'--surrogate <file>',
					'classifier with the same classes, as an .onnx file, such as naptune surrogate writes; may be repeated',
				)
					.argParser((file: string, before: readonly string[] | undefined) => [...(before ?? []), file])
					.makeOptionMandatory(),
			)
			.addOption(
				new Option(
					'--normalisation <name>',
					'how surrogates scale pixels from [0, 1], for files that do not say so (default: guessed, with a note)',
				).choices(Object.keys(normalisations)),
			)
			.addOption(
				attackOption('attack, see below; attacks not designed for surrogates use exactly one', means).default('mi-cwa'),
			)
			.addOption(attackSettingOption('steps=20'))
			.addOption(
				epsilonOption('L-infinity size of the attack, such as 1/255').default(16 / 255, "16/255, as in CWA's paper"),
			)
			.addOption(modelOption())
			.addOption(dataOption())
			.addOption(dataRootOption())
			.addOption(splitOption())
			.addOption(limitOption())
			.addOption(batchSizeOption())
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.addOption(seedOption('seed of the attack, the choice of images, and the split for data that has none', 1)),
	)
		.addHelpText(
			'after',
			`
${attackListHelp(means)}

Of --model only the image size and the preprocessing are used: the images suit
every checkpoint that prepares images alike. Then: naptune evaluate RUN --images STORE.

Examples:
  $ naptune generate images/cwa --surrogate plain.onnx --surrogate residual.onnx --surrogate depthwise.onnx
  $ naptune evaluate runs/photos --images images/cwa
  $ naptune generate images/ags --attack ags --surrogate substitute.onnx --epsilon 8/255`,
		)
		.action((store: string, options: GenerateOptions) =>
			runJob(generate, options, { input: { store, ...jobInput(options) }, text: generatedText }),
		)
}
