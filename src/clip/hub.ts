/** Checkpoints of the Hugging Face hub, through its standard cache. */

import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HubApiError, modelInfo } from '@huggingface/hub'
import { NaptuneError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { readJsonFile } from '../files/json-file.js'
import { type DownloadContext, type DownloadProgress, downloadToCache } from './hub-download.js'
import type { HubSettings } from './hub-settings.js'
import { shardsOf, weightFileNames } from './weight-files.js'

/** Options of {@link hubSnapshot}. */
export interface HubOptions {
	/** Branch, tag or commit hash; `main` by default. */
	readonly revision?: string
	/** Replaces the global `fetch`, for proxies and the like. */
	readonly fetch?: typeof fetch
	readonly onProgress?: (progress: DownloadProgress) => void
	/** Told when the hub could not be reached and the cache is used instead. */
	readonly onNotice?: (notice: string) => void
}

/** Files besides the weights; those that a repository lacks are left to the loader to miss. */
const otherFiles = ['config.json', 'tokenizer.json', 'preprocessor_config.json', 'processor_config.json']

/** Whether a text has the form of a hub id: `owner/name`, or a bare name. */
export function isHubId(text: string): boolean {
	return text.length <= 96 && /^(?:[\w-][\w.-]*\/)?[\w-][\w.-]*$/.test(text) && !/--|\.\./.test(text)
}

/**
 * Brings a checkpoint's files into the cache and says where they are.
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
	const revision = options.revision ?? 'main'
	if (!/^[\w][\w./-]*$/.test(revision) || revision.includes('..')) {
		throw new NaptuneError(`${JSON.stringify(revision)} is not a revision; give a branch, a tag or a commit hash.`)
	}
	const storage = join(settings.cacheDirectory, `models--${id.replace('/', '--')}`)
	if (settings.offline) {
		const cached = await cachedSnapshot(storage, revision)
		if (cached) return cached
		throw new NaptuneError(
			`${id} (revision ${revision}) is not in the cache ${settings.cacheDirectory}, and HF_HUB_OFFLINE forbids to fetch it. Unset HF_HUB_OFFLINE, or give the path of a folder.`,
		)
	}
	try {
		return await download(id, revision, storage, settings, options)
	} catch (error) {
		if (error instanceof HubApiError) throw explainAnswer(error, id, revision, settings)
		if (!isConnectionFailure(error)) throw error
		const reason = connectionFailure(error)
		const cached = await cachedSnapshot(storage, revision)
		if (cached) {
			options.onNotice?.(
				`${settings.endpoint} cannot be reached (${reason}); using the cached ${id} of commit ${cached.commit}.`,
			)
			return cached
		}
		throw new NaptuneError(
			`${id} could not be fetched from ${settings.endpoint} (${reason}), and the cache ${settings.cacheDirectory} does not hold it. Check the connection and HF_ENDPOINT, or give the path of a folder.`,
			{ cause: error },
		)
	}
}

async function download(id: string, revision: string, storage: string, settings: HubSettings, options: HubOptions) {
	const send = authorized(options.fetch ?? fetch, settings)
	const info = await modelInfo({
		name: id,
		revision,
		additionalFields: ['sha', 'filePaths'],
		hubUrl: settings.endpoint,
		fetch: send,
	})
	const commit = info.sha
	if (!/^[0-9a-f]{40}$/.test(commit))
		throw new NaptuneError(`${settings.endpoint} sent an invalid commit for ${id}: ${commit}.`)
	const context: DownloadContext = {
		endpoint: settings.endpoint,
		id,
		commit,
		storage,
		fetch: send,
		...(options.onProgress ? { onProgress: options.onProgress } : {}),
	}
	const present = new Set(info.filePaths)
	const weights = weightFileNames.find((name) => present.has(name))
	if (!present.has('config.json') || !weights) {
		throw new NaptuneError(
			`${id} at ${settings.endpoint} is not a checkpoint of Hugging Face transformers: it needs config.json and one of ${weightFileNames.join(', ')}; it has ${info.filePaths.slice(0, 20).join(', ') || 'no files'}.`,
		)
	}
	for (const file of [...otherFiles.filter((name) => present.has(name)), weights]) await downloadToCache(file, context)
	const directory = join(storage, 'snapshots', commit)
	if (weights.endsWith('.json')) {
		const index = join(directory, weights)
		for (const shard of shardsOf(await readJsonFile(index), index)) await downloadToCache(shard, context)
	}
	if (revision !== commit) await recordRevision(join(storage, 'refs', revision), commit)
	return { directory, commit }
}

/** So that the revision can be found offline. The files are all there: a cache that turned read-only is no failure. */
async function recordRevision(path: string, commit: string): Promise<void> {
	if ((await readFile(path, 'utf8').catch(() => '')).trim() === commit) return
	try {
		await mkdir(dirname(path), { recursive: true })
		await writeFileAtomic(path, commit)
	} catch {
		// Found by its commit hash only.
	}
}

async function cachedSnapshot(storage: string, revision: string) {
	const recorded = await readFile(join(storage, 'refs', revision), 'utf8').catch(() => revision)
	const commit = recorded.trim()
	const directory = join(storage, 'snapshots', commit)
	if (!/^[0-9a-f]{40}$/.test(commit) || !(await stat(join(directory, 'config.json')).catch(() => undefined)))
		return undefined
	return { directory, commit }
}

/** Adds the token to requests of the hub itself; where it redirects to is signed already and must not see the token. */
function authorized(send: typeof fetch, { endpoint, token }: HubSettings): typeof fetch {
	if (!token) return send
	const origin = new URL(endpoint).origin
	return (input, init) => {
		const address = input instanceof Request ? input.url : String(input)
		if (new URL(address).origin !== origin) return send(input, init)
		const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
		headers.set('Authorization', `Bearer ${token}`)
		return send(input, { ...init, headers })
	}
}

function explainAnswer(error: HubApiError, id: string, revision: string, settings: HubSettings): NaptuneError {
	const { endpoint, token } = settings
	const where = `${id} (revision ${revision}) at ${endpoint}`
	const text = {
		401: `${where} does not exist or is not public. Check the name${token ? ' and that HF_TOKEN may read it' : ', or set HF_TOKEN'}; a folder of this name does not exist either.`,
		403: `Access to ${where} is refused. Accept its terms on the hub and set HF_TOKEN to a token that may read it.`,
		404: `${where} does not exist. Check the name and revision; a folder of this name does not exist either.`,
		429: `${endpoint} asks to wait before further requests. Try again later${token ? '' : ', or set HF_TOKEN'}.`,
	}[error.statusCode]
	return new NaptuneError(text ?? `${where} could not be fetched: ${error.message} Try again later.`, { cause: error })
}

/** `fetch` fails with a TypeError whose cause is the system's error when there is no connection. */
function isConnectionFailure(error: unknown): boolean {
	return error instanceof TypeError && (error.cause instanceof Error || error.message === 'fetch failed')
}

function connectionFailure(error: unknown): string {
	const { cause, message } = error as TypeError
	return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message
}
