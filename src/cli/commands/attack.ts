/** `naptune attack`: attacks any ONNX image classifier, or one photo on vanilla CLIP and a tuned run. */

import type { Command } from 'commander'
import { datasetNames } from '../../data/registry.js'
import { sourceForms } from '../../data/sources.js'
import { attack } from '../../jobs/attack.js'
import { attackPhoto } from '../../jobs/attack-photo.js'
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
import { checkPhotoOptions, photoInput, photoOptions } from '../options/photo-options.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	type SharedOptions,
	seedOption,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { attackedText } from '../text/attacked-text.js'
import { photoText } from '../text/photo-text.js'

type AttackOptions = SharedOptions & JobInput<typeof attack>

export function addAttackCommand(program: Command): void {
	const command = program
		.command('attack')
		.description(attack.doc)
		.argument('[photo]', 'one picture to attack instead, on vanilla CLIP and, with --run, on a tuned run')
		.option('--onnx <file>', 'model to attack (default: none; give this, --model or a photo)')
		.option(
			'--model <folder-or-id>',
			'CLIP or SigLIP to attack, as in naptune tune (default: none; for a photo nano, or with --run the model of the run)',
		)
		.option(
			'--data <folder-or-name>',
			`folder with one folder of images per class, ${sourceForms}, or a data set: ${datasetNames.join(', ')} (default: none; for a photo cifar10-mini, for its classes)`,
		)
		.addOption(dataRootOption())
		.addOption(
			attackOption("attack, see below (default: pgd-100; for a photo with --run the attack of the run's preset)", {
				listed: true,
			}),
		)
		.addOption(attackSettingOption('restarts=5'))
		.addOption(normOption())
		.addOption(
			epsilonInNormOption(
				"size of the perturbation for pixels in [0, 1], such as 4/255, or 0.5 in L2 (default: none; for a photo with --run the size in the run's preset)",
			),
		)
		.addOption(limitOption())
		.addOption(unreadableOption())
		.addOption(batchSizeOption())
		.addOption(seedOption('seed of the attack and the choice of images', 1))
		.option('--output <folder>', 'where to write the record, or the pictures of a photo', 'attacks')
	addSharedOptions(photoOptions(onnxModelOptions(command)))
		.addHelpText(
			'after',
			`
${attackListHelp()}

Examples:
  $ naptune attack --onnx resnet50.onnx --data imagenet/val --classes imagenet-classes.txt \\
      --normalisation imagenet --resize margin --attack pgd-100 --epsilon 4/255 --limit 200
  $ naptune attack --onnx model.onnx --data photos --attack autoattack --norm l2 --epsilon 0.5
  $ naptune attack --model laion/CLIP-ViT-B-32-laion2B-s34B-b79K --data photos --epsilon 1/255
  $ naptune attack cat.jpg --run runs/photos
  $ naptune attack cat.jpg --model openai/clip-vit-base-patch16 --classes cat,dog,fox --epsilon 1/255`,
		)
		.hook('preAction', checkEpsilon)
		.action((photo: string | undefined, options: AttackOptions) => {
			checkPhotoOptions(command, photo)
			if (photo !== undefined) {
				return runJob(attackPhoto, options, { input: photoInput(command, photo), text: photoText })
			}
			return runJob(attack, options, {
				input: jobInput(options),
				text: (result) => attackedText(result, modelTitle(options.onnx ?? options.model ?? 'model')),
			})
		})
}
