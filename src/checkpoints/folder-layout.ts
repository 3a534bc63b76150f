/** Reads the config files of a checkpoint folder, in transformers' or open_clip's layout. */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { present } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { isRecord } from '../core/guards.js'
import { readJsonFile } from '../files/json-file.js'
import type { ClipConfig } from '../vlm/config.js'
import { parseModelConfig, parseModelPreprocessing } from '../vlm/model-config.js'
import { parseOpenClipModel, parseOpenClipPreprocessing } from '../vlm/open-clip-config.js'
import { checkCrop, type PreprocessorConfig } from '../vlm/preprocessor-config.js'
import { architecture } from './architectures.js'
import { vocabularyFiles } from './vocabulary-files.js'
import { openClipWeightNames, readStoredWeights, type StoredWeights, weightFileNames } from './weight-files.js'

/** The config of open_clip's folders. */
export const openClipConfigName = 'open_clip_config.json'

/** A checkpoint's parts, before its weights are looked at. */
export interface CheckpointParts {
	readonly config: ClipConfig
	readonly preprocessor: PreprocessorConfig
	readonly stored: StoredWeights
	/** What implies the shapes of the weights, for errors. */
	readonly what: string
}

/** Facts about a folder besides its files. */
export interface FolderOptions {
	/** The caller's name for it: a path or a hub id. */
	readonly place: string
	/** Whether a tokenizer was given, so that the folder needs none. */
	readonly tokenizer: boolean
	/** Called with a message that names the config in use, if there are two. */
	readonly onNotice: (notice: string) => void
}

/**
 * Reads a folder. Where it holds configs of both libraries, transformers' is taken if it describes a CLIP or SigLIP whose
 * weights are there, too, else open_clip's.
 * @throws NaptuneError when files are missing or damaged, or this is no model that can be used.
 */
export async function readFolder(directory: string, options: FolderOptions): Promise<CheckpointParts> {
	if (await takesOpenClip(directory, options)) return openClipFolder(directory, options)
	const configFile = join(directory, 'config.json')
	// What it is comes before what is missing: half a model has no tokenizer, and needs none.
	const known = (await exists(directory, 'config.json'))
		? parseModelConfig(await readJsonFile(configFile), configFile)
		: undefined
	await checkFiles(directory, options)
	const config = present(known, 'config')
	return {
		config,
		preprocessor: await readPreprocessor(directory, config),
		stored: await readStoredWeights(directory),
		what: `the config.json of ${directory}`,
	}
}

/** Whether a config is one of transformers, and not of timm, whose folders have both. */
export function isTransformersConfig(json: unknown): boolean {
	return isRecord(json) && (typeof json.model_type === 'string' || 'text_config' in json || 'text_config_dict' in json)
}

async function takesOpenClip(directory: string, { place, onNotice }: FolderOptions): Promise<boolean> {
	if (!(await exists(directory, openClipConfigName))) return false
	if (!(await exists(directory, 'config.json'))) return true
	const usable = isTransformersConfig(await readJsonFile(join(directory, 'config.json')).catch(() => undefined))
	const weights = await firstOf(directory, weightFileNames)
	const openClip = !usable || weights === undefined
	onNotice(
		openClip
			? `${place} holds two configs; using ${openClipConfigName}, because config.json ${usable ? 'has no weights of transformers beside it' : 'is not one of transformers'}.`
			: `${place} holds two configs; using config.json with ${weights}, not ${openClipConfigName}.`,
	)
	return openClip
}

async function openClipFolder(directory: string, { tokenizer }: FolderOptions): Promise<CheckpointParts> {
	const file = join(directory, openClipConfigName)
	const json = await readJsonFile(file)
	const { model_cfg: given, preprocess_cfg } = isRecord(json) ? json : {}
	// By its name, for people who write the file themselves.
	const model_cfg = typeof given === 'string' ? (await architecture(given)).model : given
	const config = parseOpenClipModel(model_cfg, `${file}, model_cfg`)
	const preprocessor = parseOpenClipPreprocessing(preprocess_cfg, config.vision.imageSize, `${file}, preprocess_cfg`)
	if (!tokenizer) await checkOpenClipTokenizer(directory, model_cfg)
	return {
		config,
		preprocessor,
		stored: await readStoredWeights(directory, openClipWeightNames),
		what: `the ${openClipConfigName} of ${directory}`,
	}
}

/** OpenAI's vocabulary comes with the package; any other must be in the folder. */
async function checkOpenClipTokenizer(directory: string, model: unknown): Promise<void> {
	const text = isRecord(model) && isRecord(model.text_cfg) ? model.text_cfg : {}
	const own = text.hf_tokenizer_name
	if (typeof own !== 'string' || (await tokenizerName(directory)) !== undefined) return
	throw new NaptuneError(
		'NAP_MODEL_INVALID',
		`${directory} lacks tokenizer.json: its ${openClipConfigName} asks for the tokenizer ${own}. Save that one into the folder, as AutoTokenizer.from_pretrained("${own}").save_pretrained does, or give its file with --tokenizer.`,
	)
}

/** The tokenizer's main file in a folder, if any. */
export async function tokenizerName(directory: string): Promise<string | undefined> {
	if (await exists(directory, 'tokenizer.json')) return 'tokenizer.json'
	const pair = await Promise.all(vocabularyFiles.map((name) => exists(directory, name)))
	return pair.every(Boolean) ? vocabularyFiles[0] : undefined
}

async function firstOf(directory: string, names: readonly string[]): Promise<string | undefined> {
	for (const name of names) if (await exists(directory, name)) return name
	return undefined
}

async function exists(directory: string, name: string): Promise<boolean> {
	return stat(join(directory, name)).then(
		() => true,
		() => false,
	)
}

/** Says all that is missing at once. */
async function checkFiles(directory: string, { tokenizer }: FolderOptions): Promise<void> {
	const missing: string[] = []
	if (!(await exists(directory, 'config.json'))) missing.push('config.json')
	if (!tokenizer && (await tokenizerName(directory)) === undefined) missing.push('tokenizer.json')
	if (!(await firstOf(directory, ['preprocessor_config.json', 'processor_config.json']))) {
		missing.push('preprocessor_config.json')
	}
	if (missing.length === 0) return
	const sentencePiece = (await exists(directory, 'spiece.model')) || (await exists(directory, 'tokenizer.model'))
	const convert =
		missing.includes('tokenizer.json') && sentencePiece
			? ' naptune does not read its SentencePiece model; create tokenizer.json with transformers by AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER).'
			: ''
	throw new NaptuneError(
		'NAP_MODEL_INVALID',
		`${directory} lacks ${missing.join(' and ')}. A checkpoint needs config.json, tokenizer.json (or vocab.json and merges.txt), preprocessor_config.json and its weights, as saved by CLIPModel and CLIPProcessor of transformers; or ${openClipConfigName} and its weights, as saved by open_clip.${convert}`,
	)
}

async function readPreprocessor(directory: string, config: ClipConfig): Promise<PreprocessorConfig> {
	const own = join(directory, 'preprocessor_config.json')
	// transformers 5 writes one file for the whole processor.
	const shared = join(directory, 'processor_config.json')
	const file = (await stat(own).catch(() => undefined)) ? own : shared
	const json = await readJsonFile(file)
	const preprocessor = parseModelPreprocessing(
		file === own ? json : (json as { image_processor?: unknown } | null)?.image_processor,
		config,
		file,
	)
	checkCrop(preprocessor, config.vision, file)
	return preprocessor
}
