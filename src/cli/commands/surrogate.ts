/** `naptune surrogate`: models of our own, on which attacks are made that must transfer to others. */

import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { loadUnlabelled } from '../../data/unlabelled-images.js'
import { families } from '../../surrogates/families/registry.js'
import {
	classifierDefaults,
	classifierRecipe,
	type Settings,
	type SubstituteRecipe,
	substituteDefaults,
	substituteRecipe,
} from '../../surrogates/recipe.js'
import type { SurrogateResult } from '../../surrogates/surrogate-record.js'
import { trainClassifier } from '../../surrogates/train-classifier.js'
import { trainSubstitute } from '../../surrogates/train-substitute.js'
import { Interruption } from '../exit-codes.js'
import { followSurrogate } from '../follow-surrogate.js'
import { duration, grouped, percent } from '../format.js'
import { dataOption, loadData, packagedData } from '../inputs.js'
import {
	addSharedOptions,
	collectSetting,
	commaList,
	nonNegative,
	type SharedOptions,
	seedOption,
	wholeNumber,
} from '../options.js'
import { type Session, withSession } from '../session.js'

/** Options of both commands; those of the recipe are named as in it. */
interface SurrogateOptions extends SharedOptions {
	readonly out: string
	readonly data: string
	readonly family?: string
	readonly imageSize?: number
	readonly width?: number
	readonly blocks?: number[]
	readonly epochs?: number
	readonly batchSize?: number
	readonly learningRate?: number
	readonly seed?: number
	readonly set: Readonly<Record<string, unknown>>
}

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

function addRecipeOptions(
	command: Command,
	defaults: typeof classifierDefaults | typeof substituteDefaults,
	width: string,
	blocks?: readonly number[],
): Command {
	const count = (flags: string, text: string, value: number) =>
		new Option(flags, text).argParser(wholeNumber(1)).default(value)
	return addSharedOptions(
		command
			.requiredOption('--out <file>', 'the .onnx file to write; its record and log lie beside it')
			.addOption(count('--epochs <count>', 'passes over the images', defaults.epochs))
			.addOption(count('--batch-size <count>', 'images per step', defaults.batchSize))
			.addOption(count('--image-size <pixels>', 'height and width to which images are brought', defaults.imageSize))
			.addOption(
				new Option('--width <channels>', `channels of the first stage (default: ${width})`).argParser(wholeNumber(1)),
			)
			.addOption(
				new Option(
					'--blocks <counts>',
					`blocks of each stage, such as 2,2,2 (default: ${blocks?.join(',') ?? "the family's"})`,
				).argParser(counts),
			)
			.addOption(
				new Option('--learning-rate <rate>', 'largest rate of stochastic gradient descent')
					.argParser(nonNegative)
					.default(defaults.learningRate),
			)
			.addOption(seedOption('seed of initial values, order and augmentation', defaults.seed))
			.addOption(
				new Option('--set <key=value>', 'any other setting of the recipe, such as weightDecay=0.001; may be repeated')
					.argParser(collectSetting)
					.default({}, 'none'),
			),
	)
}

async function runTrain(options: SurrogateOptions, session: Session): Promise<void> {
	const recipe = classifierRecipe({ ...recipeSettings(options), family: options.family, ...options.set })
	const output = openOutput(options, session)
	const dataset = await loadData(session, options.data, recipe.seed)
	const engine = await session.engine()
	const follower = followSurrogate(session, recipe.epochs)
	const { signal } = session
	const result = await trainClassifier({ engine, dataset, recipe, output, signal, ...follower }).finally(follower.end)
	report(session, output, result, [
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
	const { name, images, origin } = await loadUnlabelled(options.data)
	const engine = await session.engine()
	const follower = followSurrogate(session, recipe.epochs)
	const { signal } = session
	const data = { name, origin }
	const result = await trainSubstitute({ engine, images, data, recipe, output, signal, ...follower }).finally(
		follower.end,
	)
	report(session, output, result, ['Its outputs are features (the end of the second stage) and embedding.'])
}

function openOutput({ out }: SurrogateOptions, session: Session): string {
	const output = resolve(out)
	session.writesTo(resolve(output, '..'))
	return output
}

/** Settings of the recipe that have options of their own. */
function recipeSettings(options: SurrogateOptions): Settings<Omit<SubstituteRecipe, 'family' | 'epsilon'>> {
	const { imageSize, width, blocks, epochs, batchSize, learningRate, seed } = options
	return { imageSize, width, blocks, epochs, batchSize, learningRate, seed }
}

function report(session: Session, output: string, result: SurrogateResult | undefined, lines: readonly string[]): void {
	if (!result) {
		throw new Interruption(`Stopped. The state is saved beside ${output}; the same command goes on from there.`)
	}
	session.result(
		{ output, ...result },
		[
			`The surrogate is ${output}: ${grouped(result.parameters)} parameters, trained in ${duration(result.seconds)}.`,
			...lines,
		].join('\n'),
	)
}

function counts(text: string): number[] {
	return commaList(text).map((item) => {
		if (!/^[1-9]\d*$/.test(item)) throw new InvalidArgumentError('Expected whole numbers of at least 1, such as 2,2,2.')
		return Number(item)
	})
}
