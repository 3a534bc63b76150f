/** A checkpoint on disk: config, weights by reference, tokenizer and preprocessing, all checked before use. */

import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { readJsonFile } from '../files/json-file.js'
import { isHubId } from '../hub/hub-id.js'
import { hubSettings } from '../hub/hub-settings.js'
import { type ClipConfig, parseClipConfig } from '../vlm/config.js'
import { expectedWeights } from '../vlm/expected-weights.js'
import type { Checkpoint } from '../vlm/model.js'
import { checkCrop, type PreprocessorConfig, parsePreprocessorConfig } from '../vlm/preprocessor-config.js'
import { loadWeights } from './checkpoint-weights.js'
import type { HubOptions } from './hub.js'
import { vocabularyFiles } from './vocabulary-files.js'
import { defaultCacheDirectory } from './weight-cache.js'

/** Options of {@link loadCheckpoint}. Those left out come from the environment. */
export interface LoadCheckpointOptions extends HubOptions {
	/** Where converted weights are kept: `NAPTUNE_CACHE`, or the platform's folder for caches. */
	readonly cacheDirectory?: string
	/** The hub's cache: `HF_HUB_CACHE`, or `hub` in `HF_HOME`. */
	readonly hubCacheDirectory?: string
	/** Address of the hub: `HF_ENDPOINT`. */
	readonly endpoint?: string
	/** Whether the network must not be used: `HF_HUB_OFFLINE`. */
	readonly offline?: boolean
	/** Access token for the hub: `HF_TOKEN`. */
	readonly token?: string
}

/** A checkpoint whose files are on disk. Nothing of the weights is in memory. */
export interface StoredCheckpoint extends Checkpoint {
	/** Path of `tokenizer.json`, or of `vocab.json` where there is no such file. */
	readonly tokenizerFile: string
	/** The folder that holds the files. */
	readonly directory: string
}

/** Name of the CLIP that comes with the package. A folder of that name is reached as `./nano`. */
export const embeddedModel = 'nano'

/** Where it lies. */
export const embeddedDirectory = fileURLToPath(new URL(`../../models/${embeddedModel}`, import.meta.url))

/**
 * Loads a CLIP checkpoint. The weights' file is read once, to fingerprint it and to find numbers that are not finite.
 * @param source `nano` for the embedded model, a directory in the layout of openai/clip-vit-base-patch16, or a hub id such
 * as that. An existing directory wins over a hub id.
 * @throws NaptuneError when files are missing, damaged or hostile, this is not a CLIP with two transformers, config,
 * weights and preprocessing disagree, weights are not finite, or the hub or a cache fails.
 */
export async function loadCheckpoint(source: string, options: LoadCheckpointOptions = {}): Promise<StoredCheckpoint> {
	const { directory, commit } = await locate(source, options)
	const configFile = join(directory, 'config.json')
	await checkFiles(directory)
	const config = parseClipConfig(await readJsonFile(configFile), configFile)
	const preprocessor = await readPreprocessor(directory, config)
	const cacheDirectory = options.cacheDirectory ?? defaultCacheDirectory()
	const { sha256, weights } = await loadWeights(directory, expectedWeights(config), cacheDirectory, options.onNotice)
	const tokenizerFile = join(
		directory,
		(await exists(directory, 'tokenizer.json')) ? 'tokenizer.json' : vocabularyFiles[0],
	)
	return {
		source,
		...defined({ revision: commit || undefined }),
		sha256,
		config,
		weights,
		preprocessor,
		tokenizerFile,
		directory,
	}
}

/** Whether a checkpoint is the one that comes with the package, by its name or by its folder. */
export function isEmbedded(checkpoint: Checkpoint): boolean {
	return (
		checkpoint.source === embeddedModel || ('directory' in checkpoint && checkpoint.directory === embeddedDirectory)
	)
}

async function locate(
	source: string,
	options: LoadCheckpointOptions,
): Promise<{ readonly directory: string; readonly commit?: string }> {
	if (source === embeddedModel) return { directory: embeddedDirectory }
	const status = await stat(source).catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'EACCES')
			throw new NaptuneError('NAP_FILE_UNREADABLE', `No permission to read ${source}. Change its permissions.`, {
				cause: error,
			})
		return undefined
	})
	if (status?.isDirectory()) return { directory: resolve(source) }
	const advice = 'Give a folder in the layout of openai/clip-vit-base-patch16, or a hub id such as that.'
	if (status) throw new NaptuneError('NAP_MODEL_MISSING', `${source} is a file, a checkpoint is a folder. ${advice}`)
	if (!isHubId(source)) throw new NaptuneError('NAP_MODEL_MISSING', `There is no folder ${source}. ${advice}`)
	const settings = hubSettings()
	const { hubCacheDirectory, endpoint, offline, token } = options
	// The hub's library is needed for such checkpoints alone.
	const { hubSnapshot } = await import('./hub.js')
	return hubSnapshot(
		source,
		{
			...settings,
			...defined({
				cacheDirectory: hubCacheDirectory,
				endpoint: endpoint === undefined ? undefined : endpoint.replace(/\/+$/, ''),
				offline,
				token,
			}),
		},
		options,
	)
}

async function exists(directory: string, name: string): Promise<boolean> {
	return stat(join(directory, name)).then(
		() => true,
		() => false,
	)
}

/** Says all that is missing at once. */
async function checkFiles(directory: string): Promise<void> {
	const lacks = async (...names: readonly string[]) => {
		const found = await Promise.all(names.map((name) => exists(directory, name)))
		return found.some((there) => !there)
	}
	const missing: string[] = []
	if (await lacks('config.json')) missing.push('config.json')
	if ((await lacks('tokenizer.json')) && (await lacks(...vocabularyFiles))) missing.push('tokenizer.json')
	if ((await lacks('preprocessor_config.json')) && (await lacks('processor_config.json'))) {
		missing.push('preprocessor_config.json')
	}
	if (missing.length === 0) return
	throw new NaptuneError(
		'NAP_MODEL_INVALID',
		`${directory} lacks ${missing.join(' and ')}. A checkpoint needs config.json, tokenizer.json (or vocab.json and merges.txt), preprocessor_config.json and its weights, as saved by CLIPModel and CLIPProcessor of transformers.`,
	)
}

async function readPreprocessor(directory: string, { vision }: ClipConfig): Promise<PreprocessorConfig> {
	const own = join(directory, 'preprocessor_config.json')
	// transformers 5 writes one file for the whole processor.
	const shared = join(directory, 'processor_config.json')
	const file = (await stat(own).catch(() => undefined)) ? own : shared
	const json = await readJsonFile(file)
	const preprocessor = parsePreprocessorConfig(
		file === own ? json : (json as { image_processor?: unknown } | null)?.image_processor,
		file,
	)
	checkCrop(preprocessor, vision, file)
	return preprocessor
}
