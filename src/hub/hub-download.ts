/** One file of a hub repository into the standard cache: blobs by fingerprint, snapshots as symlinks to them. */

import { createHash } from 'node:crypto'
import { copyFile, lstat, mkdir, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { HubApiError } from '@huggingface/hub'
import { NaptuneError } from '../core/errors.js'
import { explainWriteFailure, removeStaleTemporaries, writeChunksAtomic } from '../files/atomic-write.js'

/** How far a download is. */
export interface DownloadProgress {
	readonly file: string
	/** Bytes so far. */
	readonly received: number
	/** Bytes in all; undefined where the hub does not tell. */
	readonly total: number | undefined
}

/** What a download needs to know. */
export interface DownloadContext {
	/** Address of the hub, without a slash at the end. */
	readonly endpoint: string
	/** Address of the repository, without a slash at the end. */
	readonly address: string
	/** `owner/name`. */
	readonly id: string
	/** Commit hash. */
	readonly commit: string
	/** The repository's folder in the cache. */
	readonly storage: string
	readonly fetch: typeof fetch
	readonly onProgress?: (progress: DownloadProgress) => void
}

/** What the hub says of a file. */
export interface RemoteFile {
	/** SHA-256 of large files, git's blob id (SHA-1) of small ones. */
	readonly fingerprint: string
	/** In bytes. */
	readonly size: number | undefined
}

/**
 * Makes sure that a file of a repository is in the cache. Its size and fingerprint are checked; a download cut short
 * leaves nothing behind.
 *
 * The library's own function for this is not used: it prints to standard output, checks nothing of what it receives,
 * takes no tokens of other hubs, and where a large file is served by another host it names the blob by that host's
 * fingerprint, so that other programs would fetch it again.
 * @param path Name of the file in the repository; plain names only.
 * @throws NaptuneError when the download is incomplete or damaged, or the cache cannot be written; HubApiError when the
 * hub refuses; TypeError when the connection fails.
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

/** Asks for the headers only. Large files are redirected to another host, whose fingerprint would be a different one. */
async function askAbout(path: string, context: DownloadContext): Promise<RemoteFile> {
	const { endpoint, id, fetch: send } = context
	let address = addressOf(path, context)
	for (let hops = 0; hops < 5; hops++) {
		// Compressed answers would come without a length.
		const response = await send(address, {
			method: 'HEAD',
			redirect: 'manual',
			headers: { 'Accept-Encoding': 'identity' },
		})
		const { headers, status } = response
		const next = status >= 300 && status < 400 ? headers.get('location') : null
		if (next && new URL(next, address).origin === new URL(endpoint).origin) {
			address = new URL(next, address).href
			continue
		}
		if (!next && !response.ok)
			throw new HubApiError(address, status, undefined, `the hub answered ${status} for ${path}.`)
		const tag = headers.get('x-linked-etag') ?? headers.get('etag') ?? ''
		const fingerprint = tag.replace(/^W\//, '').replaceAll('"', '')
		if (!/^[\w-]+$/.test(fingerprint)) {
			throw new NaptuneError(`${endpoint} sent no valid fingerprint for ${path} of ${id}, but ${JSON.stringify(tag)}.`)
		}
		const length = headers.get('x-linked-size') ?? (next ? null : headers.get('content-length'))
		return { fingerprint, size: length === null ? undefined : Number(length) }
	}
	throw new NaptuneError(`${endpoint} redirects ${path} of ${id} in a circle. Check HF_ENDPOINT.`)
}

/** Address of a file's content. */
export function addressOf(path: string, { address, commit }: DownloadContext): string {
	return `${address}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`
}

async function* received(path: string, remote: RemoteFile, context: DownloadContext): AsyncGenerator<Uint8Array> {
	const { fingerprint, size } = remote
	const url = addressOf(path, context)
	const response = await context.fetch(url)
	if (!response.ok || !response.body) {
		throw new HubApiError(url, response.status, undefined, `the hub answered ${response.status} for ${path}.`)
	}
	const report = (bytes: number) => context.onProgress?.({ file: path, received: bytes, total: size })
	const hash = hashFor(fingerprint, size)
	let length = 0
	report(0)
	for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
		hash?.update(chunk)
		length += chunk.length
		report(length)
		yield chunk
	}
	if (size !== undefined && length !== size) {
		throw new NaptuneError(`The download of ${path} ended after ${length} of ${size} bytes. Try again.`)
	}
	const digest = hash?.digest('hex')
	if (digest !== undefined && digest !== fingerprint) {
		throw new NaptuneError(
			`The download of ${path} is damaged: its fingerprint is ${digest}, it should be ${fingerprint}. Try again.`,
		)
	}
}

/** The hash that a fingerprint is of, by its length; undefined for fingerprints of other hubs. */
export function hashFor(fingerprint: string, size: number | undefined) {
	if (/^[0-9a-f]{64}$/.test(fingerprint)) return createHash('sha256')
	if (/^[0-9a-f]{40}$/.test(fingerprint) && size !== undefined) return createHash('sha1').update(`blob ${size}\0`)
	return undefined
}

/** Makes a file of a snapshot lead to its content. @throws NaptuneError when the cache cannot be written. */
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
