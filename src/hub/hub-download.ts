/** Downloads one file of a hub repository into the standard cache: blobs by fingerprint, and snapshots as symlinks to them. */

import { createHash } from 'node:crypto'
import { copyFile, lstat, mkdir, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { HubApiError } from '@huggingface/hub'
import { NaptuneError } from '../core/errors.js'
import { explainWriteFailure, removeStaleTemporaries, writeChunksAtomic } from '../files/atomic-write.js'
import { type Asking, ask, type OpenAnswer, piecesOf, refusePage } from './hub-answer.js'

/** The progress of a download. */
export interface DownloadProgress {
	readonly file: string
	/** Bytes so far. */
	readonly received: number
	/** Total bytes; undefined if the hub does not say. */
	readonly total: number | undefined
	/** Seconds since the last data arrived, if it was some time ago. */
	readonly waiting?: number
}

/** What a download needs. */
export interface DownloadContext extends Omit<Asking, 'onWaiting'> {
	/** Address of the repository, without a slash at the end. */
	readonly address: string
	/** `owner/name`. */
	readonly id: string
	/** Commit hash. */
	readonly commit: string
	/** The repository's folder in the cache. */
	readonly storage: string
	/** Called with the progress, four times a second while nothing arrives; if it throws, the download ends. */
	readonly onProgress?: (progress: DownloadProgress) => void
}

/** What the hub says about a file. */
export interface RemoteFile {
	/** SHA-256 of large files, git's blob id (SHA-1) of small ones. */
	readonly fingerprint: string
	/** In bytes. */
	readonly size: number | undefined
}

/** Most bytes to accept of a file of unknown size. */
const longestUnannounced = 64 * 2 ** 20

/**
 * Ensures that a file of a repository is in the cache. It verifies size and fingerprint; an interrupted download leaves
 * nothing behind.
 *
 * It does not use the library's own function, which prints to standard output, verifies nothing that it receives, does not
 * send tokens to other hubs, and names the blob of a large file by the fingerprint of the host that serves it, so that other
 * programs would fetch it again.
 * @param path Name of the file in the repository; plain names only.
 * @throws NaptuneError if the download is longer or shorter than announced, or damaged, or the cache cannot be written;
 * UnusableAnswer if nothing arrives, or a web page; HubApiError if the hub refuses; TypeError if the connection fails.
 */
export async function downloadToCache(path: string, context: DownloadContext): Promise<void> {
	const { commit, storage } = context
	const pointer = join(storage, 'snapshots', commit, path)
	if (await stat(pointer).catch(() => undefined)) return
	const remote = await askAbout(path, context)
	const blob = join(storage, 'blobs', remote.fingerprint)
	try {
		await mkdir(dirname(blob), { recursive: true })
		await mkdir(dirname(pointer), { recursive: true })
	} catch (error) {
		throw explainWriteFailure(error, pointer)
	}
	if (!(await stat(blob).catch(() => undefined))) {
		await removeStaleTemporaries(dirname(blob))
		await writeChunksAtomic(blob, received(path, remote, context))
	}
	await link(blob, pointer)
}

/** Options for requesting a file that is partly there. */
export function askingFor({ onProgress, ...context }: DownloadContext, progress: () => DownloadProgress): Asking {
	return { ...context, onWaiting: (waiting) => onProgress?.({ ...progress(), waiting }) }
}

/** Requests only the headers. Large files redirect to another host, whose fingerprint would differ. */
async function askAbout(path: string, context: DownloadContext): Promise<RemoteFile> {
	const { endpoint, id } = context
	const asking = askingFor(context, () => ({ file: path, received: 0, total: undefined }))
	let address = addressOf(path, context)
	for (let hops = 0; hops < 5; hops++) {
		// Compressed answers would have no length.
		const init: RequestInit = { method: 'HEAD', redirect: 'manual', headers: { 'Accept-Encoding': 'identity' } }
		const { response, close } = await ask(address, init, asking)
		close()
		const { headers, status } = response
		const location = status >= 300 && status < 400 ? headers.get('location') : null
		const next = location === null ? undefined : redirection(location, address, path, endpoint)
		if (next && next.origin === new URL(endpoint).origin) {
			address = next.href
			continue
		}
		if (!next && !response.ok)
			throw new HubApiError(address, status, undefined, `the hub answered ${status} for ${path}.`)
		const tag = headers.get('x-linked-etag') ?? headers.get('etag') ?? ''
		const fingerprint = tag.replace(/^W\//, '').replaceAll('"', '')
		if (!/^[\w-]{1,200}$/.test(fingerprint)) {
			refusePage(response, endpoint)
			throw new NaptuneError(
				'NAP_DOWNLOAD_DAMAGED',
				`${endpoint} sent an invalid fingerprint for ${path} of ${id}: ${JSON.stringify(tag.slice(0, 80))}. Check HF_ENDPOINT.`,
			)
		}
		return { fingerprint, size: sizeIn(headers.get('x-linked-size') ?? (next ? null : headers.get('content-length'))) }
	}
	throw new NaptuneError(
		'NAP_DOWNLOAD_DAMAGED',
		`${endpoint} redirects ${path} of ${id} in a circle. Check HF_ENDPOINT.`,
	)
}

function redirection(location: string, from: string, path: string, endpoint: string): URL {
	if (URL.canParse(location, from)) return new URL(location, from)
	throw new NaptuneError(
		'NAP_DOWNLOAD_DAMAGED',
		`${endpoint} redirects ${path} to ${JSON.stringify(location.slice(0, 80))}, which is not an address. Check HF_ENDPOINT.`,
	)
}

/** A size in a header; undefined if it is missing or not a number. */
function sizeIn(text: string | null): number | undefined {
	return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** Address of a file's content. */
export function addressOf(path: string, { address, commit }: DownloadContext): string {
	return `${address}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`
}

async function* received(path: string, remote: RemoteFile, context: DownloadContext): AsyncGenerator<Uint8Array> {
	const { fingerprint, size } = remote
	let length = 0
	const progress = (): DownloadProgress => ({ file: path, received: length, total: size })
	const asking = askingFor(context, progress)
	const answer = await askForContent(path, {}, context, asking)
	const hash = hashFor(fingerprint, size)
	const limit = size ?? sizeIn(answer.response.headers.get('content-length')) ?? longestUnannounced
	context.onProgress?.(progress())
	for await (const chunk of piecesOf(answer, asking)) {
		length += chunk.length
		if (length > limit) {
			throw new NaptuneError(
				'NAP_DOWNLOAD_DAMAGED',
				size === undefined
					? `The download of ${path} continues past ${limit} bytes, and ${context.endpoint} does not give its size. Check HF_ENDPOINT.`
					: `The download of ${path} continues past the ${size} bytes that ${context.endpoint} announced. Check HF_ENDPOINT, or try again.`,
			)
		}
		hash?.update(chunk)
		context.onProgress?.(progress())
		yield chunk
	}
	if (size !== undefined && length !== size) {
		throw new NaptuneError(
			'NAP_DOWNLOAD_DAMAGED',
			`The download of ${path} ended after ${length} of ${size} bytes. Try again.`,
		)
	}
	const digest = hash?.digest('hex')
	if (digest !== undefined && digest !== fingerprint) {
		throw new NaptuneError(
			'NAP_DOWNLOAD_DAMAGED',
			`The download of ${path} is damaged: its fingerprint is ${digest}, not ${fingerprint}. Try again.`,
		)
	}
}

/**
 * Requests the content of a file.
 * @throws HubApiError if the hub refuses; UnusableAnswer if it does not answer, or with a web page.
 */
export async function askForContent(
	path: string,
	headers: Readonly<Record<string, string>>,
	context: DownloadContext,
	asking: Asking,
): Promise<OpenAnswer> {
	const answer = await ask(addressOf(path, context), { headers: { 'Accept-Encoding': 'identity', ...headers } }, asking)
	const { response, close } = answer
	try {
		if (!response.ok || !response.body) {
			throw new HubApiError(
				response.url,
				response.status,
				undefined,
				`the hub answered ${response.status} for ${path}.`,
			)
		}
		if (!/\.html?$/i.test(path)) refusePage(response, context.endpoint)
		return answer
	} catch (error) {
		close()
		throw error
	}
}

/** The kind of hash of a fingerprint, by its length; undefined for fingerprints of other hubs. */
export function hashFor(fingerprint: string, size: number | undefined) {
	if (/^[0-9a-f]{64}$/.test(fingerprint)) return createHash('sha256')
	if (/^[0-9a-f]{40}$/.test(fingerprint) && size !== undefined) return createHash('sha1').update(`blob ${size}\0`)
	return undefined
}

/** Links a file of a snapshot to its content. @throws NaptuneError if the cache cannot be written. */
export async function link(blob: string, pointer: string): Promise<void> {
	try {
		if (await lstat(pointer).catch(() => undefined)) await rm(pointer)
		await symlink(relative(dirname(pointer), blob), pointer).catch(async (error: NodeJS.ErrnoException) => {
			// Another program may have been faster; some systems have no symlinks.
			if (error.code !== 'EEXIST') await copyFile(blob, pointer)
		})
	} catch (error) {
		throw explainWriteFailure(error, pointer)
	}
}
