/** Reads parts of files that are too large for memory. */

import { type FileHandle, open } from 'node:fs/promises'
import { NaptuneError } from '../core/errors.js'

/** Size of the pieces in which {@link readPieces} reads. */
export const pieceLength = 1 << 22

/**
 * Opens a file for reading, passes it to `action` and closes it.
 * @throws NaptuneError if the file cannot be opened or read; other errors of `action` pass through.
 */
export async function withFile<T>(path: string, action: (handle: FileHandle) => Promise<T>): Promise<T> {
	let handle: FileHandle
	try {
		handle = await open(path, 'r')
	} catch (error) {
		throw unreadable(path, error)
	}
	try {
		return await action(handle)
	} catch (error) {
		throw (error as NodeJS.ErrnoException).syscall === 'read' ? unreadable(path, error) : error
	} finally {
		await handle.close()
	}
}

/** Reads until `bytes` is full or the file ends; returns how many bytes were read. */
export async function readInto(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
	let done = 0
	while (done < bytes.length) {
		const { bytesRead } = await handle.read(bytes, done, bytes.length - done, position + done)
		if (bytesRead === 0) break
		done += bytesRead
	}
	return done
}

/**
 * Reads a part of a file in pieces of {@link pieceLength} (a multiple of every element size), the last one shorter. A piece
 * is valid until the next one is read.
 * @throws NaptuneError if the file ends before the part does.
 */
export async function* readPieces(
	handle: FileHandle,
	offset: number,
	length: number,
	path: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
	const buffer = new Uint8Array(Math.min(pieceLength, length))
	for (let done = 0; done < length; done += buffer.length) {
		const piece = buffer.subarray(0, length - done)
		if ((await readInto(handle, piece, offset + done)) < piece.length) {
			throw new NaptuneError(
				'NAP_FILE_DAMAGED',
				`${path} ended while it was being read; another program may have changed it. Fetch it again.`,
			)
		}
		yield piece
	}
}

function unreadable(path: string, error: unknown): NaptuneError {
	return new NaptuneError('NAP_FILE_UNREADABLE', `Cannot read ${path}: ${(error as Error).message}.`, {
		cause: error,
	})
}
