/** Options that describe the input and output of an ONNX model. */

import { type Command, InvalidArgumentError } from 'commander'
import { normalisations, pixelRanges } from '../../classifier/onnx-file/onnx-input.js'
import { resizings } from '../../records/onnx-attack.js'
import { Option } from './option.js'

/** Adds the options. */
export function onnxModelOptions(command: Command): Command {
	return command
		.addOption(
			new Option('--layout <name>', "order of the input's axes (default: from its shape)").choices(['nchw', 'nhwc']),
		)
		.addOption(
			new Option(
				'--range <name>',
				'range of pixels before normalisation (default: 0..1 with a normalisation, otherwise guessed)',
			).choices(Object.keys(pixelRanges)),
		)
		.addOption(
			new Option(
				'--normalisation <name>',
				'common mean and deviation (default: none with a range, otherwise guessed)',
			).choices(Object.keys(normalisations)),
		)
		.addOption(
			new Option(
				'--mean <numbers>',
				'mean per channel, in units of the range (default: from --normalisation)',
			).argParser(numberList),
		)
		.addOption(
			new Option(
				'--std <numbers>',
				'deviation per channel, in units of the range (default: from --normalisation)',
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
				'side length, or HEIGHTxWIDTH, if the model leaves it open (default: from the model)',
			).argParser(imageSize),
		)
		.addOption(
			new Option(
				'--resize <name>',
				`how to resize pictures: ${Object.entries(resizings)
					.map(([name, what]) => `${name} (${what})`)
					.join('; ')}`,
			)
				.choices(Object.keys(resizings))
				.default('crop'),
		)
		.option('--input-name <name>', 'input for the images (default: the only one of rank 4)')
		.option('--output-name <name>', 'output with the logits (default: logits, or the only one with a row per image)')
		.addOption(
			new Option('--output-kind <name>', 'what the output holds (default: from the graph)').choices([
				'logits',
				'probabilities',
			]),
		)
		.option(
			'--classes <file-or-names>',
			"the model's class names, in order: a file with one per line, a JSON list, or names separated by commas (default: from the file's metadata)",
		)
		.option(
			'--class-map <file>',
			'JSON object that maps class folders to names or positions in the model (default: by folder name)',
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
