/** Downloads large files of a hub repository into the standard cache, resuming interrupted downloads. */

import type { Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { explainWriteFailure, writeAll } from '../files/atomic-write.js'
import { isConnectionFailure, type OpenAnswer, piecesOf } from './hub-answer.js'
import { askForContent, askingFor, type DownloadContext, hashFor, link } from './hub-download.js'

/** A file whose size and fingerprint are known from the repository's listing. */
export interface ListedFile {
	/** Path in the repository, with forward slashes. */
	readonly path: string
	/** In bytes. */
	readonly size: number
	/** SHA-256 of large files, git's blob id (SHA-1) of small ones. */
	readonly fingerprint: string
}

/** Whether a file is in the cache with its expected size. */
export async function isCached({ path, size }: ListedFile, storage: string, commit: string): Promise<boolean> {
	return (await stat(join(storage, 'snapshots', commit, path)).catch(() => undefined))?.size === size
}

/**
 * Ensures that a listed file is in the cache. Data from an interrupted download stays in a file beside the blob, and the
 * next call requests the rest; the complete file is verified against the fingerprint before it gets its name.
 *
 * Two programs may download the same file: they write the same bytes to the same places of one file, and the second one
 * finds the blob in place.
 * @throws NaptuneError if the download is incomplete or damaged, or the cache cannot be written; UnusableAnswer if nothing
 * arrives, or a web page; HubApiError if the hub refuses; TypeError if there is no connection.
 */
export async function downloadResumably(file: ListedFile, context: DownloadContext): Promise<void> {
	const { storage, commit } = context
	requireInside(file.path, context.id)
	if (await isCached(file, storage, commit)) return
	const pointer = join(storage, 'snapshots', commit, file.path)
	const blob = join(storage, 'blobs', file.fingerprint)
	try {
		await mkdir(dirname(blob), { recursive: true })
		await mkdir(dirname(pointer), { recursive: true })
	} catch (error) {
		throw explainWriteFailure(error, pointer)
	}
	if ((await stat(blob).catch(() => undefined))?.size !== file.size) await fetchBlob(file, blob, context)
	await link(blob, pointer)
}

/** @throws NaptuneError for a path that leaves the cache. */
function requireInside(path: string, id: string): void {
	const parts = path.split('/')
	if (!/[\\\0]/.test(path) && parts.every((part) => part !== '' && part !== '.' && part !== '..')) return
	throw new NaptuneError(
		'NAP_DOWNLOAD_DAMAGED',
		`The listing of ${id} names the file ${JSON.stringify(path)}, which no repository can contain.`,
	)
}

async function fetchBlob(file: ListedFile, blob: string, context: DownloadContext): Promise<void> {
	const partial = `${blob}.naptune-part`
	const hash = hashFor(file.fingerprint, file.size)
	// Created if missing, and not truncated: another program may be writing to it.
	const handle = await open(partial, constants.O_RDWR | constants.O_CREAT).catch((error: unknown) => {
		throw explainWriteFailure(error, blob)
	})
	try {
		await receive(file, handle, partial, hash, context)
	} finally {
		await handle.close()
	}
	const digest = hash?.digest('hex')
	if (digest !== undefined && digest !== file.fingerprint) {
		await rm(partial, { force: true })
		throw new NaptuneError(
			'NAP_DOWNLOAD_DAMAGED',
			`The download of ${file.path} is damaged: its fingerprint is ${digest}, not ${file.fingerprint}. Try again.`,
		)
	}
	const isWhole = async (path: string) => (await stat(path).catch(() => undefined))?.size === file.size
	const inPlace = () => isWhole(blob)
	// Another program may have been faster. An incomplete part then belongs to a third one.
	if (await inPlace()) {
		if (await isWhole(partial)) await rm(partial, { force: true })
		return
	}
	await rename(partial, blob).catch(async (error: unknown) => {
		if (!(await inPlace())) throw explainWriteFailure(error, blob)
	})
}

/** Receives the missing part of a file. */
async function receive(
	file: ListedFile,
	handle: FileHandle,
	partial: string,
	hash: Hash | undefined,
	context: DownloadContext,
): Promise<void> {
	const { path, size } = file
	const before = (await handle.stat()).size
	if (before > size) await handle.truncate(0)
	let length = before > size ? 0 : before
	const progress = () => ({ file: path, received: length, total: size })
	const report = () => context.onProgress?.(progress())
	const asking = askingFor(context, progress)
	let answer: OpenAnswer | undefined
	if (length < size) {
		const headers = defined({ Range: length > 0 ? `bytes=${length}-` : undefined })
		answer = await askForContent(path, headers, context, asking)
		// A host without range requests sends the whole file.
		if (answer.response.status !== 206) length = 0
	}
	if (length > 0 && hash) {
		// Through the handle: another program may have given the file its name meanwhile.
		const present = handle.createReadStream({ start: 0, end: length - 1, autoClose: false })
		for await (const chunk of present) hash.update(chunk as Buffer)
	}
	report()
	try {
		for await (const chunk of answer ? piecesOf(answer, asking) : []) {
			if (length + chunk.length > size) {
				await handle.truncate(0)
				throw new NaptuneError(
					'NAP_DOWNLOAD_DAMAGED',
					`The download of ${path} is longer than the ${size} bytes of its listing. Try again.`,
				)
			}
			await writeAll(handle, chunk, length).catch((error: unknown) => {
				throw explainWriteFailure(error, partial)
			})
			hash?.update(chunk)
			length += chunk.length
			report()
		}
	} catch (error) {
		throw isConnectionFailure(error) ? Object.assign(cutShort(path, length, size), { cause: error }) : error
	}
	if (length < size) throw cutShort(path, length, size)
	await handle.sync()
}

function cutShort(path: string, length: number, size: number): NaptuneError {
	return new NaptuneError(
		'NAP_DOWNLOAD_DAMAGED',
		`The download of ${path} ended after ${length} of ${size} bytes. Try again; it continues there.`,
	)
}
