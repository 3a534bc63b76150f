/** Options that say how an ONNX model takes images and what it gives. */

import { type Command, InvalidArgumentError } from 'commander'
import { normalisations, pixelRanges } from '../../classifier/onnx-file/onnx-input.js'
import { resizings } from '../../records/onnx-attack.js'
import { Option } from './option.js'

/** Adds them. */
export function onnxModelOptions(command: Command): Command {
	return command
		.addOption(
			new Option('--layout <name>', "order of the input's axes (default: as its shape tells)").choices([
				'nchw',
				'nhwc',
			]),
		)
		.addOption(
			new Option(
				'--range <name>',
				'range of pixels before normalisation (default: 0..1 with a normalisation, else guessed)',
			).choices(Object.keys(pixelRanges)),
		)
		.addOption(
			new Option(
				'--normalisation <name>',
				'usual mean and deviation (default: none with a range, else guessed)',
			).choices(Object.keys(normalisations)),
		)
		.addOption(
			new Option(
				'--mean <numbers>',
				'mean in the unit of the range, per channel (default: as --normalisation)',
			).argParser(numberList),
		)
		.addOption(
			new Option(
				'--std <numbers>',
				'deviation in the unit of the range, per channel (default: as --normalisation)',
			).argParser(numberList),
		)
		.addOption(
			new Option('--channel-order <name>', "order of the input's colours (default: rgb, as a guess)").choices([
				'rgb',
				'bgr',
			]),
		)
		.addOption(
			new Option(
				'--size <pixels>',
				'side, or HEIGHTxWIDTH, where the model leaves it open (default: as the model reads)',
			).argParser(imageSize),
		)
		.addOption(
			new Option(
				'--resize <name>',
				`how pictures get that size: ${Object.entries(resizings)
					.map(([name, what]) => `${name} (${what})`)
					.join('; ')}`,
			)
				.choices(Object.keys(resizings))
				.default('crop'),
		)
		.option('--input-name <name>', 'input that takes the images (default: the only one of rank 4)')
		.option('--output-name <name>', 'output that holds logits (default: logits, or the only one with a row per image)')
		.addOption(
			new Option('--output-kind <name>', 'what it holds (default: as the graph tells)').choices([
				'logits',
				'probabilities',
			]),
		)
		.option(
			'--classes <file-or-names>',
			"the model's class names in its order: a file with one per line or a JSON list, or names separated by commas (default: those of the file's metadata)",
		)
		.option(
			'--class-map <file>',
			'JSON object from class folder to name or position in the model (default: folders go by their names)',
		)
}

function numberList(text: string): number[] {
	const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
	if (numbers.every(Number.isFinite)) return numbers
	throw new InvalidArgumentError('Expected numbers separated by commas, such as 0.485,0.456,0.406.')
}

function imageSize(text: string): [number, number] {
	const match = /^(\d+)(?:x(\d+))?$/.exec(text.trim())
	const [height, width] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
	if (match && height > 0 && width > 0) return [height, width]
	throw new InvalidArgumentError('Expected a size such as 224 or 224x192 (height x width).')
}
