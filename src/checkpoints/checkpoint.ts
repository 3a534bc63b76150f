/** A checkpoint on disk: config, weights by reference, tokenizer and preprocessing, all checked before use. */

import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { isHubId } from '../hub/hub-id.js'
import { hubSettings } from '../hub/hub-settings.js'
import type { Checkpoint } from '../vlm/model.js'
import { parseOpenClipPreprocessing } from '../vlm/open-clip-config.js'
import { towersOf } from '../vlm/towers.js'
import { bareConfig } from './bare-file.js'
import { loadStored, namedAsExpected } from './checkpoint-weights.js'
import { type CheckpointParts, readFolder, tokenizerName } from './folder-layout.js'
import type { HubOptions } from './hub.js'
import { type ModelSource, parseModelSource } from './model-source.js'
import { withTower } from './tower-file.js'
import { packagedVocabulary } from './vocabulary/packaged-tokenizer.js'
import { defaultCacheDirectory } from './weight-cache.js'
import { readWeightsFile } from './weight-files.js'

/** Files that may hold a whole model by themselves. */
const weightsFile = /\.(?:pt|pth|bin|safetensors)$/i

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
	/**
	 * Path of `tokenizer.json`, of `vocab.json` where there is no such file, or of the vocabulary that comes with the package.
	 */
	readonly tokenizerFile: string
	/** The folder that holds the files. */
	readonly directory: string
}

/** Name of the CLIP that comes with the package. A folder of that name is reached as `./nano`. */
export const embeddedModel = 'nano'

/** Folder of the embedded model. */
export const embeddedDirectory = fileURLToPath(new URL(`../../models/${embeddedModel}`, import.meta.url))

/**
 * Loads a checkpoint. The weights' file is read once, to fingerprint it and to find numbers that are not finite.
 * @param source `nano` for the embedded model; a directory in the layout of openai/clip-vit-base-patch16 (CLIP or SigLIP of
 * transformers) or of open_clip; a file of weights of openai/CLIP or open_clip; or a hub id. An existing directory or file
 * wins over a hub id. Further settings follow as in `model-source.ts`.
 * @throws NaptuneError when files are missing, damaged or hostile, this is no model with two transformers, config,
 * weights and preprocessing disagree, weights are not finite, or the hub or a cache fails.
 */
export async function loadCheckpoint(source: string, options: LoadCheckpointOptions = {}): Promise<StoredCheckpoint> {
	const { place, settings } = parseModelSource(source)
	const onNotice = options.onNotice ?? (() => {})
	refuseEncoderSettings(source, settings)
	const { directory, file, commit } = await locate(place, options)
	refuseSettings(source, settings, file)
	const parts =
		file === undefined
			? await readFolder(directory, { place, onNotice, tokenizer: settings.tokenizer !== undefined })
			: await readBareFile(file, settings, onNotice)
	const { config, preprocessor, what } = parts
	const expected = towersOf(config).expectedWeights(config)
	const { 'vision-weights': image, 'text-weights': text, tokenizer } = settings
	const from = file ?? directory
	let stored = image || text ? namedAsExpected(parts.stored, expected, { from, onNotice }) : parts.stored
	if (image !== undefined) stored = await withTower(stored, 'image', image, expected)
	if (text !== undefined) stored = await withTower(stored, 'text', text, expected)
	const { sha256, weights } = await loadStored(stored, expected, {
		what,
		from,
		cacheDirectory: options.cacheDirectory ?? defaultCacheDirectory(),
		onNotice,
	})
	const name = file === undefined ? await tokenizerName(directory) : undefined
	const own = name === undefined ? undefined : join(directory, name)
	return {
		source,
		...defined({ revision: commit || undefined }),
		sha256,
		config,
		weights,
		preprocessor,
		tokenizerFile: tokenizer ?? own ?? packagedVocabulary,
		directory,
	}
}

/** A file without a config. */
async function readBareFile(
	file: string,
	{ architecture }: ModelSource['settings'],
	onNotice: (notice: string) => void,
): Promise<CheckpointParts> {
	const stored = await readWeightsFile(file)
	const config = await bareConfig(file, stored, architecture, onNotice)
	return {
		config,
		preprocessor: parseOpenClipPreprocessing(undefined, config.vision.imageSize, file),
		stored,
		what: architecture === undefined ? 'the geometry of its own shapes' : `the architecture ${architecture}`,
	}
}

/** Refuses settings that apply only to a pair of ONNX encoders. */
function refuseEncoderSettings(source: string, settings: ModelSource['settings']): void {
	const lonely = (['text-encoder', 'text-features', 'logit-scale'] as const).find((key) => settings[key])
	if (lonely === undefined) return
	throw new NaptuneError(
		'NAP_OPTION_MISSING',
		`The model ${source} has ${lonely}, which applies only to a pair of ONNX encoders. Add --image-encoder, or omit ${lonely}.`,
	)
}

function refuseSettings(source: string, { architecture }: ModelSource['settings'], file: string | undefined): void {
	if (architecture === undefined || file !== undefined) return
	throw new NaptuneError(
		'NAP_OPTION_CONFLICT',
		`The model ${source} is a folder whose config states its architecture. Omit --architecture ${architecture}.`,
	)
}

/** Whether a checkpoint is the one that comes with the package, by its name or by its folder. */
export function isEmbedded(checkpoint: Checkpoint): boolean {
	return (
		checkpoint.source === embeddedModel || ('directory' in checkpoint && checkpoint.directory === embeddedDirectory)
	)
}

interface Located {
	/** The folder, or that of the file. */
	readonly directory: string
	readonly file?: string
	readonly commit?: string
}

async function locate(source: string, options: LoadCheckpointOptions): Promise<Located> {
	if (source === embeddedModel) return { directory: embeddedDirectory }
	const status = await stat(source).catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'EACCES')
			throw new NaptuneError('NAP_FILE_UNREADABLE', `No permission to read ${source}. Change its permissions.`, {
				cause: error,
			})
		return undefined
	})
	if (status?.isDirectory()) return { directory: resolve(source) }
	const advice =
		'Give a folder in the layout of openai/clip-vit-base-patch16 or of open_clip, a file of weights (.pt, .pth, .bin or .safetensors), or a hub id such as openai/clip-vit-base-patch16.'
	if (status && weightsFile.test(source)) return { directory: dirname(resolve(source)), file: resolve(source) }
	if (status) {
		throw new NaptuneError('NAP_MODEL_MISSING', `${source} is neither a folder nor a file of weights. ${advice}`)
	}
	if (!isHubId(source) || weightsFile.test(source)) {
		throw new NaptuneError('NAP_MODEL_MISSING', `There is no folder ${source}. ${advice}`)
	}
	const settings = hubSettings()
	const { hubCacheDirectory, endpoint, offline, token } = options
	// Only such checkpoints need the hub library.
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
