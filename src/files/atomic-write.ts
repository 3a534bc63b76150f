/** Writes files so that they appear completely or not at all: a temporary file in the same folder, fsync, rename. */

import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { NaptuneError } from '../core/errors.js'

/** Pieces of a file in order, produced now or later. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * What survives a power cut after a file is written: its content and name (`all`), its content under this name or the
 * previous one (`content`), or possibly neither (`nothing`). Killing the program does no harm in any case.
 */
export type Durability = 'all' | 'content' | 'nothing'

/**
 * Writes a whole file atomically: a reader, or this program after a kill, sees the old content or the new one, never a
 * mixture. A symlink at `path` is replaced, and its target stays untouched.
 * @param path The file to create or replace; its folder must exist.
 * @param data Text (written as UTF-8) or bytes.
 * @throws NaptuneError if the folder is missing, read-only or not writable, or the disk is full; the old content remains.
 */
export async function writeFileAtomic(
	path: string,
	data: string | Uint8Array,
	durability: Durability = 'all',
): Promise<void> {
	await writeChunksAtomic(path, [typeof data === 'string' ? Buffer.from(data, 'utf8') : data], { durability })
}

/**
 * Writes a file atomically from chunks, for content too large for memory. Errors while producing chunks pass through
 * unchanged, and nothing is left behind.
 * @param options.beforeInPlace Called once everything is written, before it replaces the old content.
 * @throws NaptuneError as {@link writeFileAtomic}.
 */
export async function writeChunksAtomic(
	path: string,
	chunks: Chunks,
	options: { readonly durability?: Durability; readonly beforeInPlace?: () => Promise<void> } = {},
): Promise<void> {
	const { durability = 'all', beforeInPlace } = options
	const put = async (temporary: string) => {
		const handle = await explained(path, () => open(temporary, 'wx'))
		try {
			for await (const chunk of chunks) await explained(path, () => writeAll(handle, chunk))
			if (durability !== 'nothing') await explained(path, () => handle.sync())
		} finally {
			await handle.close()
		}
		await beforeInPlace?.()
	}
	await placeAtomic(path, put, durability)
}

/** Writes the new content of a file under a temporary name in the same folder. */
export type PutInPlace = (temporary: string) => Promise<void>

/**
 * Replaces a file by the output of `put`, at once; if `put` fails, nothing is left behind and the file stays as it was.
 * @throws NaptuneError as {@link writeFileAtomic}; errors of `put` pass through.
 */
export async function placeAtomic(path: string, put: PutInPlace, durability: Durability = 'all'): Promise<void> {
	const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`)
	try {
		await put(temporary)
		await explained(path, () => rename(temporary, path))
	} finally {
		// It no longer exists, unless something failed or both names are the same file.
		await unlink(temporary).catch(() => {})
	}
	if (durability === 'all') await syncDirectory(dirname(path))
}

/** Name of a temporary file, including the id of the process that writes it. */
const temporaryName = /^\..+\.(\d+)\.[0-9a-f]{8}\.tmp$/

/** Removes half-written files of dead processes from a folder that belongs to them: a state can be large. */
export async function removeLeftovers(folder: string): Promise<void> {
	for (const name of await readdir(folder)) {
		const writer = temporaryName.exec(name)?.[1]
		if (writer === undefined || isRunning(Number(writer))) continue
		// The first real write reports a folder that cannot be written.
		await rm(join(folder, name), { force: true }).catch(() => {})
	}
}

function isRunning(number: number): boolean {
	try {
		process.kill(number, 0)
		return true
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EPERM'
	}
}

/**
 * Removes temporary files that killed processes left in a folder of large files, once they are a day old; a running process
 * may still be writing younger ones.
 */
export async function removeStaleTemporaries(folder: string): Promise<void> {
	for (const name of await readdir(folder)) {
		if (!temporaryName.test(name)) continue
		const path = join(folder, name)
		const status = await stat(path).catch(() => undefined)
		if (status && Date.now() - status.mtimeMs > 86_400_000) await unlink(path).catch(() => {})
	}
}

/** Writes all of `bytes` at the current position, or at `position`; a single write call may write only part. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number | null = null): Promise<void> {
	let done = 0
	while (done < bytes.length) {
		const at = position === null ? null : position + done
		done += (await handle.write(bytes, done, bytes.length - done, at)).bytesWritten
	}
}

/**
 * Turns a system error from writing `path` into one that a person can act on. Unknown errors, and errors that are already
 * ours, are returned unchanged.
 */
export function explainWriteFailure(error: unknown, path: string): unknown {
	const advice = adviceFor((error as NodeJS.ErrnoException | null)?.code, path)
	return advice ? new NaptuneError('NAP_FILE_UNWRITABLE', `${advice} No file was changed.`, { cause: error }) : error
}

function adviceFor(code: string | undefined, path: string): string | undefined {
	const folder = dirname(path)
	switch (code) {
		case 'ENOSPC':
			return `The disk is full: cannot write ${path}. Free some space, or choose a folder on another disk.`
		case 'EDQUOT':
			return `The disk quota is used up: cannot write ${path}. Free some space, or choose another folder.`
		case 'EFBIG':
			return `${path} would be larger than this file system or this process may write. Choose another folder.`
		case 'EROFS':
			return `${folder} is on a read-only file system: cannot write ${path}. Choose a writable folder.`
		case 'EACCES':
		case 'EPERM':
			return `No permission to write ${path}. Change the permissions of ${folder}, or choose a folder that you own.`
		case 'ENOENT':
			return `The folder ${folder} does not exist: cannot write ${path}. Create it first.`
		case 'ENOTDIR':
			return `${folder} is not a folder: cannot write ${path}. Choose a folder.`
		case 'EISDIR':
			return `${path} is a folder, not a file to write. Choose another name.`
		case 'ENAMETOOLONG':
			return `The name of ${path} is too long for the file system. Choose a shorter one.`
		default:
			return undefined
	}
}

async function explained<T>(path: string, action: () => Promise<T>): Promise<T> {
	try {
		return await action()
	} catch (error) {
		throw explainWriteFailure(error, path)
	}
}

/** Only after this does the rename survive a power cut; some systems cannot open a folder, and lose nothing else by it. */
async function syncDirectory(folder: string): Promise<void> {
	try {
		const handle = await open(folder, 'r')
		try {
			await handle.sync()
		} finally {
			await handle.close()
		}
	} catch {
		// The file itself is complete and in place.
	}
}
