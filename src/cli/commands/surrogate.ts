/** `naptune surrogate`: trains models of our own, for attacks that must transfer to other models. */

import type { Command } from 'commander'
import { packagedData } from '../../jobs/common/inputs.js'
import type { JobInput } from '../../jobs/job.js'
import { surrogateSubstitute } from '../../jobs/surrogate-substitute.js'
import { surrogateTrain } from '../../jobs/surrogate-train.js'
import { families } from '../../methods/surrogates/families/registry.js'
import { classifierDefaults, substituteDefaults } from '../../methods/surrogates/recipe.js'
import { dataOption, dataRootOption } from '../options/input-options.js'
import { Option } from '../options/option.js'
import { nonNegative, type SharedOptions } from '../options/shared-options.js'
import { addRecipeOptions } from '../options/surrogate-options.js'
import { jobInput, runJob } from '../run-job.js'
import { classifierText, substituteText, surrogateLines } from '../text/training-text.js'
import { addHeadCommand } from './surrogate-head.js'

export function addSurrogateCommand(program: Command): void {
	const group = program.command('surrogate').description("Train the attacker's own models, which transfer attacks use.")
	addTrain(group)
	addSubstitute(group)
	addHeadCommand(group)
}

function addTrain(group: Command): void {
	const names = [...families.keys()]
	const command = group
		.command('train')
		.description(surrogateTrain.doc)
		.addOption(new Option('--family <name>', 'kind of network').choices(names).default(classifierDefaults.family))
		.addOption(dataOption())
		.addOption(dataRootOption())
	addRecipeOptions(command, classifierDefaults, "the family's")
		.addHelpText(
			'after',
			`
Families:
${[...families.values()].map(({ name, doc }) => `  ${name.padEnd(10)} ${doc}`).join('\n')}

Examples:
  $ naptune surrogate train --family plain --data cifar10-mini --out surrogates/plain.onnx
  $ naptune surrogate train --family residual --data photos --image-size 64 --blocks 2,2,2 --width 16 --out surrogates/photos.onnx`,
		)
		.action((options: SharedOptions & JobInput<typeof surrogateTrain>) =>
			runJob(surrogateTrain, options, { input: jobInput(options), text: classifierText, onEvent: surrogateLines }),
		)
}

function addSubstitute(group: Command): void {
	const command = group
		.command('substitute')
		.description(surrogateSubstitute.doc)
		.addOption(
			new Option('--data <folder-or-name>', 'folder of images, including its subfolders, or a data set').default(
				packagedData,
			),
		)
		.addOption(dataRootOption())
		.addOption(
			new Option('--epsilon <length>', 'L2 size of the adversarial view, in pixel units')
				.argParser(nonNegative)
				.default(substituteDefaults.epsilon),
		)
	addRecipeOptions(command, substituteDefaults, String(substituteDefaults.width), substituteDefaults.blocks)
		.addHelpText(
			'after',
			`
The default trunk is small. One of the size of a ResNet-18: --blocks 2,2,2,2 --width 64 --image-size 224.

Example:
  $ naptune surrogate substitute --data photos --image-size 64 --epochs 50 --out surrogates/substitute.onnx`,
		)
		.action((options: SharedOptions & JobInput<typeof surrogateSubstitute>) =>
			runJob(surrogateSubstitute, options, { input: jobInput(options), text: substituteText, onEvent: surrogateLines }),
		)
}
