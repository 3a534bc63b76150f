/** Options of the surrogate commands: recipe settings that have their own option. */

import { type Command, InvalidArgumentError } from 'commander'
import type { classifierDefaults, substituteDefaults } from '../../methods/surrogates/recipe.js'
import { Option } from './option.js'
import { addSharedOptions, commaList, nonNegative, seedOption, settingOption, wholeNumber } from './shared-options.js'

/** Adds the options of both commands. @param width Default width. @param blocks Default blocks; the family's if omitted. */
export function addRecipeOptions(
	command: Command,
	defaults: typeof classifierDefaults | typeof substituteDefaults,
	width: string,
	blocks?: readonly number[],
): Command {
	const count = (flags: string, text: string, value: number) =>
		new Option(flags, text).argParser(wholeNumber(1)).default(value)
	return addSharedOptions(
		command
			.requiredOption('--out <file>', '.onnx file to write; its record and log are written beside it')
			.addOption(count('--epochs <count>', 'passes over the images', defaults.epochs))
			.addOption(count('--batch-size <count>', 'images per step', defaults.batchSize))
			.addOption(count('--image-size <pixels>', 'height and width to resize images to', defaults.imageSize))
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
				new Option('--learning-rate <rate>', 'peak learning rate of stochastic gradient descent')
					.argParser(nonNegative)
					.default(defaults.learningRate),
			)
			.addOption(seedOption('seed of the initial values, the order and the augmentation', defaults.seed))
			.addOption(settingOption('any other recipe setting, such as weightDecay=0.001; may be repeated')),
	)
}

function counts(text: string): number[] {
	return commaList(text).map((item) => {
		if (!/^[1-9]\d*$/.test(item)) throw new InvalidArgumentError('Expected whole numbers of at least 1, such as 2,2,2.')
		return Number(item)
	})
}
