/** One file of a hub repository into the standard cache: blobs by fingerprint, snapshots as symlinks to them. */

import { createHash } from 'node:crypto'
import { copyFile, lstat, mkdir, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { downloadFile, fileDownloadInfo } from '@huggingface/hub'
import { NaptuneError } from '../errors.js'
import { explainWriteFailure, removeStaleTemporaries, writeChunksAtomic } from '../files/atomic-write.js'
import type { HubSettings } from './hub-settings.js'

/** How far a download is. */
export interface DownloadProgress {
	readonly file: string
	/** Bytes so far. */
	readonly received: number
	/** Bytes in all. */
	readonly total: number
}

/** What a download needs to know. */
export interface DownloadContext {
	readonly settings: HubSettings
	/** `owner/name`. */
	readonly id: string
	/** Commit hash. */
	readonly commit: string
	/** The repository's folder in the cache. */
	readonly storage: string
	readonly fetch: typeof fetch
	readonly onProgress?: (progress: DownloadProgress) => void
}

/**
 * Makes sure that a file of a repository is in the cache. Its size, and where the hub tells it its SHA-256, are checked;
 * a download cut short leaves nothing behind.
 *
 * The library's own function for this is not used: it writes to standard output, checks nothing and takes only tokens of
 * the public hub.
 * @param path Name of the file in the repository; plain names only.
 * @returns Path of the file in the snapshot.
 * @throws NaptuneError when the download is incomplete or damaged, or the cache cannot be written.
 */
export async function downloadToCache(path: string, context: DownloadContext): Promise<string> {
	const { settings, id, commit, storage, onProgress } = context
	const pointer = join(storage, 'snapshots', commit, path)
	if (await stat(pointer).catch(() => undefined)) return pointer
	const request = { repo: id, path, revision: commit, hubUrl: settings.endpoint, fetch: context.fetch }
	const info = await fileDownloadInfo(request)
	if (!info) throw new NaptuneError(`${id} has no file ${path} at commit ${commit}.`)
	const etag = info.etag.replace(/^W\//, '').replaceAll('"', '')
	if (!/^[\w-]+$/.test(etag))
		throw new NaptuneError(`${settings.endpoint} sent an invalid fingerprint for ${path}: ${info.etag}.`)
	const blob = join(storage, 'blobs', etag)
	try {
		await mkdir(dirname(blob), { recursive: true })
		await mkdir(dirname(pointer), { recursive: true })
	} catch (error) {
		throw explainWriteFailure(error, pointer)
	}
	if ((await stat(blob).catch(() => undefined))?.size !== info.size) {
		await removeStaleTemporaries(dirname(blob))
		const content = await downloadFile({ ...request, downloadInfo: info, xet: false })
		if (!content) throw new NaptuneError(`${id} has no file ${path} at commit ${commit}.`)
		const report = (received: number) => onProgress?.({ file: path, received, total: info.size })
		await writeChunksAtomic(blob, verified(content.stream(), path, info.size, etag, report))
	}
	await link(blob, pointer)
	return pointer
}

async function* verified(
	stream: ReadableStream<Uint8Array>,
	path: string,
	size: number,
	etag: string,
	report: (received: number) => void,
): AsyncGenerator<Uint8Array> {
	const hash = createHash('sha256')
	let received = 0
	report(0)
	try {
		for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
			hash.update(chunk)
			received += chunk.length
			report(received)
			yield chunk
		}
	} catch (error) {
		// The library passes on some failures as bare text.
		throw error instanceof Error ? error : new NaptuneError(`The download of ${path} failed: ${error}. Try again.`)
	}
	if (received !== size) {
		throw new NaptuneError(`The download of ${path} ended after ${received} of ${size} bytes. Try again.`)
	}
	// Large files are known by their SHA-256, small ones by git's SHA-1 of another form.
	const digest = hash.digest('hex')
	if (/^[0-9a-f]{64}$/.test(etag) && digest !== etag) {
		throw new NaptuneError(
			`The download of ${path} is damaged: its SHA-256 is ${digest}, it should be ${etag}. Try again.`,
		)
	}
}

async function link(blob: string, pointer: string): Promise<void> {
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
