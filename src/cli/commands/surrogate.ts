/** `naptune surrogate`: models of our own, on which attacks are made that must transfer to others. */

import { dirname, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { loadUnlabelled } from '../../data/folders/unlabelled-images.js'
import { families } from '../../methods/surrogates/families/registry.js'
import {
	classifierDefaults,
	classifierRecipe,
	type SubstituteRecipe,
	substituteDefaults,
	substituteRecipe,
} from '../../methods/surrogates/recipe.js'
import type { SurrogateResult } from '../../methods/surrogates/surrogate-record.js'
import { trainClassifier } from '../../methods/surrogates/train-classifier.js'
import { trainSubstitute } from '../../methods/surrogates/train-substitute.js'
import { Interruption, stoppedTraining } from '../exit-codes.js'
import { followDownload } from '../follow-download.js'
import { followSurrogate } from '../follow-surrogate.js'
import { duration, grouped, percent } from '../format.js'
import { dataOption, dataRootOption, loadData, packagedData } from '../inputs.js'
import { nonNegative } from '../options.js'
import { type Session, withSession } from '../session.js'
import { addRecipeOptions, recipeSettings, type SurrogateOptions } from '../surrogate-options.js'

/** Adds the group. */
export function addSurrogateCommand(program: Command): void {
	const group = program
		.command('surrogate')
		.description('Train models of our own, on which attacks are made that must transfer to others.')
	addTrain(group)
	addSubstitute(group)
}

function addTrain(group: Command): void {
	const names = [...families.keys()]
	const command = group
		.command('train')
		.description(
			'Train a small convolutional classifier and write it as an ONNX file. The same command continues a training that was stopped.',
		)
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
		.action((options: SurrogateOptions) => withSession(options, (session) => runTrain(options, session)))
}

function addSubstitute(group: Command): void {
	const command = group
		.command('substitute')
		.description(
			'Train a substitute on images without labels by self-supervised adversarial training (AGS) and write it as an ONNX file with its mid-layer features. The same command continues a training that was stopped.',
		)
		.addOption(
			new Option(
				'--data <folder-or-name>',
				'folder of images, those in folders below it included, or a data set',
			).default(packagedData),
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
		.action((options: SurrogateOptions & { readonly epsilon: number }) =>
			withSession(options, (session) => runSubstitute(options, session)),
		)
}

async function runTrain(options: SurrogateOptions, session: Session): Promise<void> {
	const recipe = classifierRecipe({ ...recipeSettings(options), family: options.family, ...options.set })
	const output = openOutput(options, session)
	const dataset = await loadData(session, options.data, recipe.seed, options.dataRoot)
	const engine = await session.engine()
	const follower = followSurrogate(session, recipe.epochs)
	const { signal } = session
	const result = await trainClassifier({ engine, dataset, recipe, output, signal, ...follower }).finally(follower.end)
	report(session, output, follower.savedSteps(), result, [
		result?.testAccuracy === undefined
			? 'There are no test images to measure it on.'
			: `Accuracy on ${grouped(result.testImages!)} test images: ${percent(result.testAccuracy).trim()}.`,
	])
}

async function runSubstitute(
	options: SurrogateOptions & Pick<SubstituteRecipe, 'epsilon'>,
	session: Session,
): Promise<void> {
	const recipe = substituteRecipe({ ...recipeSettings(options), epsilon: options.epsilon, ...options.set })
	const output = openOutput(options, session)
	const { onProgress, end } = followDownload(session)
	const { name, images, origin } = await loadUnlabelled(options.data, { root: options.dataRoot, onProgress }).finally(
		end,
	)
	const engine = await session.engine()
	const follower = followSurrogate(session, recipe.epochs)
	const { signal } = session
	const data = { name, origin }
	const result = await trainSubstitute({ engine, images, data, recipe, output, signal, ...follower }).finally(
		follower.end,
	)
	report(session, output, follower.savedSteps(), result, [
		'Its outputs are features (the end of the second stage) and embedding.',
	])
}

function openOutput({ out }: SurrogateOptions, session: Session): string {
	const output = resolve(out)
	session.writesTo(resolve(output, '..'))
	return output
}

function report(
	session: Session,
	output: string,
	savedSteps: number,
	result: SurrogateResult | undefined,
	lines: readonly string[],
): void {
	if (!result) throw new Interruption(stoppedTraining(savedSteps, dirname(output)))
	session.result(
		{ output, ...result },
		[
			`The surrogate is ${output}: ${grouped(result.parameters)} parameters, trained in ${duration(result.seconds)}.`,
			...lines,
		].join('\n'),
	)
}
