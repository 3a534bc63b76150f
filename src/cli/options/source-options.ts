/** What naptune needs to know about a model besides its location. */

import type { Command } from 'commander'
import { embeddedModel } from '../../checkpoints/checkpoint.js'
import { modelSource, parseModelSource, type SourceKey } from '../../checkpoints/model-source.js'
import { NaptuneError } from '../../core/errors.js'
import { Option } from './option.js'

/** Options that describe a model beyond `--model`; see `model-source.ts`. */
const sourceOptions: readonly (readonly [key: SourceKey, value: string, what: string])[] = [
	[
		'architecture',
		'<name>',
		'of a bare file of weights, such as ViT-B-32, or a JSON of open_clip; a wrong name lists all (default: the shapes of OpenAI files say it)',
	],
	[
		'vision-weights',
		'<file>',
		"state dict of an image tower that replaces the model's own, the form in which FARE and TeCoA are released (default: none)",
	],
	[
		'text-weights',
		'<file>',
		"state dict of a text tower, put in place of the model's own (default: none; transformers saves halves so)",
	],
	['image-encoder', '<file>', 'ONNX file of image features, instead of --model (default: none)'],
	['text-encoder', '<file>', 'ONNX file of text features beside --image-encoder (default: none)'],
	['text-features', '<file>', 'safetensors of text features instead of --text-encoder (default: none)'],
	['tokenizer', '<file>', "tokenizer.json (default: the one beside the model or --text-encoder, else CLIP's)"],
	['logit-scale', '<factor>', 'factor on the cosines of ONNX encoders (default: 100)'],
]

/**
 * Adds these options to a command that has `--model`, and merges them into the one text that identifies a model in jobs,
 * runs and records.
 */
export function addSourceOptions(command: Command): void {
	if (!command.options.some(({ long, flags }) => long === '--model' && flags.includes('folder-or-id'))) return
	for (const [key, value, what] of sourceOptions) command.addOption(new Option(`--${key} ${value}`, `model: ${what}`))
	command.hook('preAction', (_, action) => {
		const options = action.opts() as Record<string, string | undefined>
		const settings: Partial<Record<SourceKey, string>> = {}
		for (const [key] of sourceOptions) {
			const name = key.replace(/-(.)/g, (__, letter: string) => letter.toUpperCase())
			const value = options[name]
			if (value !== undefined) settings[key] = value
			delete options[name]
		}
		const [first] = Object.keys(settings)
		if (first === undefined) return
		if (settings['image-encoder'] !== undefined && [undefined, embeddedModel].includes(options.model)) {
			options.model = modelSource({ place: '', settings })
			return
		}
		if (options.model === undefined || options.model === embeddedModel) {
			throw new NaptuneError('NAP_OPTION_MISSING', `--${first} describes a model; add --model.`)
		}
		const own = parseModelSource(options.model)
		options.model = modelSource({ place: own.place, settings: { ...own.settings, ...settings } })
	})
}
