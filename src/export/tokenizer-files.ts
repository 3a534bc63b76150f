/** The tokenizer of a zero-shot export: the checkpoint's own, for shorter texts. */

import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { StoredCheckpoint } from '../checkpoints/checkpoint.js'
import { packagedTokenizer, packagedVocabulary } from '../checkpoints/vocabulary/packaged-tokenizer.js'
import { tokenizerOfVocabulary, vocabularyFiles } from '../checkpoints/vocabulary-files.js'
import { NaptuneError } from '../core/errors.js'
import { isRecord } from '../core/guards.js'
import { readJsonFile } from '../files/json-file.js'
import { clipConfigJson } from '../vlm/clip-config-json.js'
import type { Checkpoint } from '../vlm/model.js'
import { type ExportFile, jsonFile } from './model-message.js'

/** Where the files of a checkpoint are. @throws RangeError for one that is not on the disk. */
export function storedCheckpoint(checkpoint: Checkpoint): StoredCheckpoint {
	if (isStored(checkpoint)) return checkpoint
	throw new RangeError(`${checkpoint.source} is not on the disk.`)
}

function isStored(checkpoint: Checkpoint): checkpoint is StoredCheckpoint {
	return 'tokenizerFile' in checkpoint && 'directory' in checkpoint
}

/** `tokenizer.json` and `tokenizer_config.json`. @param longest Tokens of the longest text, start and end included. */
export async function tokenizerFiles(checkpoint: Checkpoint, longest: number): Promise<ExportFile[]> {
	const { tokenizerFile } = storedCheckpoint(checkpoint)
	const directory = dirname(tokenizerFile)
	const tokenizer =
		tokenizerFile === packagedVocabulary
			? await packagedTokenizer()
			: basename(tokenizerFile) === vocabularyFiles[0]
				? await tokenizerOfVocabulary(directory)
				: await readJsonFile(tokenizerFile)
	const settingsFile = join(directory, 'tokenizer_config.json')
	const settings = existsSync(settingsFile) ? await readJsonFile(settingsFile) : undefined
	return [
		// A length that the file sets itself would win over the one beside it.
		jsonFile('tokenizer.json', { ...(isRecord(tokenizer) ? tokenizer : {}), truncation: null, padding: null }),
		jsonFile('tokenizer_config.json', {
			...(checkpoint.config.family === 'siglip' ? {} : usualSettings),
			...(isRecord(settings) ? settings : {}),
			model_max_length: longest,
		}),
	]
}

const usualSettings = {
	bos_token: '<|startoftext|>',
	eos_token: '<|endoftext|>',
	unk_token: '<|endoftext|>',
	pad_token: '<|endoftext|>',
	do_lower_case: true,
	tokenizer_class: 'CLIPTokenizer',
}

/**
 * The `config.json` by which transformers and transformers.js know a model: the checkpoint's own, or what it would be for
 * CLIPs of open_clip and OpenAI.
 * @throws NaptuneError for any other.
 */
export async function transformersConfigOf(checkpoint: Checkpoint): Promise<Readonly<Record<string, unknown>>> {
	const { family } = checkpoint.config
	if (family === 'open_clip' || family === 'openai') return clipConfigJson(checkpoint.config)
	const path = join(storedCheckpoint(checkpoint).directory, 'config.json')
	const config: unknown = existsSync(path) ? await readJsonFile(path) : undefined
	if (isRecord(config) && config.model_type === (family ?? 'clip')) return config
	throw new NaptuneError(
		'NAP_EXPORT_REFUSED',
		`${checkpoint.source} has no config.json by which these programs know it (model_type ${family ?? 'clip'}). Export in layout onnx.`,
	)
}
