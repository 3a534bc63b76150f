/**
 * Checksums of data files, kept beside them in `NAME.sha256` in the format of `sha256sum`, so that reading detects damage
 * and any tool can verify them.
 *
 * A file and its checksum cannot appear at the same moment. Until the file is in place, the checksum file lists first the
 * checksum of the new content, then that of the current content, and either is accepted: a kill at any point leaves both
 * usable.
 */

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rm, truncate } from 'node:fs/promises'
import { basename } from 'node:path'
import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { type Chunks, type PutInPlace, placeAtomic, writeChunksAtomic, writeFileAtomic } from './atomic-write.js'
import { sha256OfFile } from './sha256.js'

/** Location of a file's checksum. */
export function checksumPath(path: string): string {
	return `${path}.sha256`
}

/**
 * Writes a file atomically, and its checksum beside it.
 * @throws NaptuneError as `writeFileAtomic`; the previous file and its checksum remain.
 */
export async function writeChunksChecked(path: string, chunks: Chunks): Promise<void> {
	const hash = createHash('sha256')
	let own: readonly string[] = []
	const beforeInPlace = async () => {
		own = [hash.digest('hex')]
		await announce(path, own)
	}
	await writeChunksAtomic(path, hashed(chunks, hash), { beforeInPlace })
	await settle(path, own)
}

/** Writes the checksum of an existing file, such as a log that is complete. */
export async function writeChecksum(path: string): Promise<void> {
	await writeFileAtomic(checksumPath(path), textOf(path, [await sha256OfFile(path)]))
}

/**
 * Replaces a file by a copy or hard link of another, with its checksum.
 * @param put Makes the copy under a temporary name.
 */
export async function copyChecked(from: string, to: string, put: PutInPlace): Promise<void> {
	const own = await checksums(from)
	if (own.length > 0) await announce(to, own)
	else await rm(checksumPath(to), { force: true })
	await placeAtomic(to, put)
	if (own.length > 0) await settle(to, own)
}

/**
 * Verifies a file against its checksum.
 * @param advice What to do about damage.
 * @returns `unchecked` if there is no checksum, as for files of earlier versions.
 * @throws NaptuneError that names the file if it was changed, or its checksum cannot be read.
 */
export async function requireIntact(path: string, advice: string): Promise<'intact' | 'unchecked'> {
	const known = await checksums(path, advice)
	if (known.length === 0) return 'unchecked'
	const own = await sha256OfFile(path)
	if (known.includes(own)) return 'intact'
	throw new NaptuneError(
		'NAP_FILE_DAMAGED',
		`${path} is damaged: its SHA-256 is ${own.slice(0, 16)}…, but ${basename(checksumPath(path))} beside it names ${at(known, 0).slice(0, 16)}…. ${advice}`,
	)
}

/** Removes a file and then its checksum: a checksum without its file is harmless. */
export async function removeChecked(path: string): Promise<void> {
	await rm(path, { force: true })
	await removeChecksum(path)
}

/** Removes a checksum before its file is changed in place. */
export async function removeChecksum(path: string): Promise<void> {
	await rm(checksumPath(path), { force: true })
}

/** Announces the next content; the current content stays acceptable. The folder is synchronised with the file itself. */
async function announce(path: string, next: readonly string[]): Promise<void> {
	const now = await checksums(path).catch(() => [])
	await writeFileAtomic(checksumPath(path), textOf(path, [...new Set([...next, ...now])]), 'content')
}

/** Drops checksums that are no longer acceptable; it does not matter whether that survives a power cut. */
async function settle(path: string, own: readonly string[]): Promise<void> {
	await truncate(checksumPath(path), Buffer.byteLength(textOf(path, own)))
}

function textOf(path: string, own: readonly string[]): string {
	return own.map((checksum) => `${checksum}  ${basename(path)}\n`).join('')
}

/** Acceptable checksums of a file, the newest first; empty if none is kept. */
async function checksums(path: string, advice = ''): Promise<string[]> {
	const file = checksumPath(path)
	if (!existsSync(file)) return []
	const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1)
	const found = lines.flatMap((text) => /^([0-9a-f]{64}) [ *]/.exec(text)?.[1] ?? [])
	if (found.length > 0 && found.length === lines.length) return found
	throw new NaptuneError(
		'NAP_FILE_DAMAGED',
		`${file} is damaged: it is not in the format of sha256sum. ${advice}`.trimEnd(),
	)
}

async function* hashed(chunks: Chunks, hash: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
	for await (const chunk of chunks) {
		hash.update(chunk)
		yield chunk
	}
}
