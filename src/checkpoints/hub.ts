/** Checkpoints of the Hugging Face hub, through its standard cache. */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { modelInfo } from '@huggingface/hub'
import { z } from 'zod'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { readJsonFile } from '../files/json-file.js'
import {
	authorized,
	type HubRepository,
	hubRepository,
	recordRevision,
	requireCommit,
	throughCache,
} from '../hub/hub-access.js'
import { apiFetch } from '../hub/hub-api.js'
import { type DownloadContext, type DownloadProgress, downloadToCache } from '../hub/hub-download.js'
import type { HubSettings } from '../hub/hub-settings.js'
import { parseModelConfig } from '../vlm/model-config.js'
import { isTransformersConfig, openClipConfigName } from './folder-layout.js'
import { vocabularyFiles } from './vocabulary-files.js'
import { openClipWeightNames, shardsOf, weightFileNames } from './weight-files.js'

/** Options of {@link hubSnapshot}. */
export interface HubOptions {
	/** Branch, tag or commit hash; `main` by default. */
	readonly revision?: string
	/** Replaces the global `fetch`, for proxies and the like. */
	readonly fetch?: typeof fetch
	readonly onProgress?: (progress: DownloadProgress) => void
	/** Called when the hub could not be reached and the cache is used instead. */
	readonly onNotice?: (notice: string) => void
}

/** What the library takes from an answer. */
const infoShape = z.looseObject({
	sha: z.string(),
	siblings: z.array(z.looseObject({ rfilename: z.string() })).nullish(),
})

/** Files besides the weights; those that a repository lacks are left to the loader to miss. */
const otherFiles = ['config.json', 'preprocessor_config.json', 'processor_config.json']

/** The tokenizer's: the second pair where there is no first file. */
function tokenizerFiles(present: ReadonlySet<string>): string[] {
	return present.has('tokenizer.json') ? ['tokenizer.json'] : vocabularyFiles.filter((name) => present.has(name))
}

/**
 * Downloads a checkpoint's files into the cache and returns their location.
 * @param id `owner/name`.
 * @returns The snapshot's folder (of symlinks) and its commit hash.
 * @throws NaptuneError when the repository or revision does not exist, access is refused, the network fails and nothing
 * is cached, or the network is forbidden (`HF_HUB_OFFLINE`) and the files are not cached.
 */
export async function hubSnapshot(
	id: string,
	settings: HubSettings,
	options: HubOptions = {},
): Promise<{ readonly directory: string; readonly commit: string }> {
	const otherwise = 'give the path of an existing folder'
	const repository = hubRepository('models', id, options.revision ?? 'main', settings, otherwise)
	return throughCache(
		repository,
		settings,
		() => download(repository, settings, options),
		(commit) => cachedSnapshot(repository, commit),
		options.onNotice,
	)
}

async function download(repository: HubRepository, settings: HubSettings, options: HubOptions) {
	const { id, revision, storage } = repository
	const { endpoint, timeout } = settings
	const { onProgress } = options
	const send = authorized(options.fetch ?? fetch, settings)
	const onWaiting = (waiting: number) =>
		onProgress?.({ file: `the list of files of ${id}`, received: 0, total: undefined, waiting })
	const info = await modelInfo({
		name: id,
		revision,
		additionalFields: ['sha', 'filePaths'],
		hubUrl: endpoint,
		fetch: apiFetch(infoShape, { fetch: send, endpoint, timeout, onWaiting }),
	})
	const commit = info.sha
	requireCommit(commit, id, settings)
	const context: DownloadContext = {
		address: `${endpoint}/${id}`,
		endpoint,
		timeout,
		id,
		commit,
		storage,
		fetch: send,
		...defined({ onProgress }),
	}
	const present = new Set(info.filePaths)
	const directory = join(storage, 'snapshots', commit)
	const openClip = openClipWeightNames.find((name) => present.has(name))
	let own = weightFileNames.find((name) => present.has(name))
	// Of two configs both are fetched, so that the loader says which was taken, from the cache as well.
	const two = present.has(openClipConfigName) && present.has('config.json') && openClip !== undefined
	if (two) for (const name of ['config.json', openClipConfigName]) await downloadToCache(name, context)
	if (two && own) {
		// timm's repositories have a config.json and a model.safetensors of its own beside open_clip's.
		if (!isTransformersConfig(await readJsonFile(join(directory, 'config.json')))) own = undefined
	}
	const transformers = present.has('config.json') && own !== undefined
	const weights = transformers ? own : openClip
	if (weights === undefined || (!transformers && !present.has(openClipConfigName))) {
		throw new NaptuneError(
			'NAP_MODEL_INVALID',
			`${id} at ${settings.endpoint} is not a checkpoint of Hugging Face transformers: it needs config.json and one of ${weightFileNames.join(', ')}; or, of open_clip, ${openClipConfigName} and one of ${openClipWeightNames.join(', ')}; it has ${info.filePaths.slice(0, 20).join(', ') || 'no files'}.`,
		)
	}
	const others = transformers ? otherFiles.filter((name) => present.has(name)) : [openClipConfigName]
	for (const file of [...others, ...tokenizerFiles(present), weights]) await downloadToCache(file, context)
	if (weights.endsWith('.json')) {
		const index = join(directory, weights)
		for (const shard of shardsOf(await readJsonFile(index), index)) await downloadToCache(shard, context)
	}
	// Which token pads decides SigLIP's features, and only this file says it. CLIP's features do not depend on it.
	const settingsFile = 'tokenizer_config.json'
	if (transformers && present.has(settingsFile)) {
		const { family } = parseModelConfig(await readJsonFile(join(directory, 'config.json')), 'config.json')
		if (family === 'siglip') await downloadToCache(settingsFile, context)
	}
	await recordRevision(repository, commit)
	return { directory, commit }
}

async function cachedSnapshot({ storage }: HubRepository, commit: string) {
	const directory = join(storage, 'snapshots', commit)
	for (const config of ['config.json', openClipConfigName]) {
		if (await stat(join(directory, config)).catch(() => undefined)) return { directory, commit }
	}
	return undefined
}
