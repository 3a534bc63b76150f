/** `naptune attack`: any ONNX model of an image classifier under attack. */

import type { Command } from 'commander'
import { datasetNames } from '../../data/registry.js'
import { sourceForms } from '../../data/sources.js'
import { attack } from '../../jobs/attack.js'
import type { JobInput } from '../../jobs/job.js'
import { modelTitle } from '../../records/names.js'
import {
	attackListHelp,
	attackOption,
	checkEpsilon,
	epsilonInNormOption,
	limitOption,
	normOption,
} from '../options/attack-options.js'
import { dataRootOption } from '../options/input-options.js'
import { unreadableOption } from '../options/loading-options.js'
import { onnxModelOptions } from '../options/onnx-options.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	type SharedOptions,
	seedOption,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { attackedText } from '../text/attacked-text.js'

type AttackOptions = SharedOptions & JobInput<typeof attack>

/** Adds the command. */
export function addAttackCommand(program: Command): void {
	addSharedOptions(
		onnxModelOptions(
			program
				.command('attack')
				.description(attack.doc)
				.option('--onnx <file>', 'model to attack (default: none; give this or --model)')
				.option('--model <folder-or-id>', 'CLIP or SigLIP to attack, as in naptune tune (default: none)')
				.requiredOption(
					'--data <folder-or-name>',
					`folder with one folder of images per class, ${sourceForms}, or a data set: ${datasetNames.join(', ')}`,
				)
				.addOption(dataRootOption())
				.addOption(attackOption('attack, see below', { listed: true }).default('pgd-100'))
				.addOption(attackSettingOption('restarts=5'))
				.addOption(normOption())
				.addOption(
					epsilonInNormOption(
						'size of the perturbation for pixels in [0, 1], such as 4/255, or 0.5 in L2',
					).makeOptionMandatory(),
				)
				.addOption(limitOption())
				.addOption(unreadableOption())
				.addOption(batchSizeOption())
				.addOption(seedOption('seed of the attack and of the choice of images', 1))
				.option('--output <folder>', 'where the record is written', 'attacks'),
		),
	)
		.addHelpText(
			'after',
			`
${attackListHelp()}

Examples:
  $ naptune attack --onnx resnet50.onnx --data imagenet/val --classes imagenet-classes.txt \\
      --normalisation imagenet --resize margin --attack pgd-100 --epsilon 4/255 --limit 200
  $ naptune attack --onnx model.onnx --data photos --attack autoattack --norm l2 --epsilon 0.5
  $ naptune attack --model laion/CLIP-ViT-B-32-laion2B-s34B-b79K --data photos --epsilon 1/255`,
		)
		.hook('preAction', checkEpsilon)
		.action((options: AttackOptions) =>
			runJob(attack, options, {
				input: jobInput(options),
				text: (result) => attackedText(result, modelTitle(options.onnx ?? options.model ?? '')),
			}),
		)
}
