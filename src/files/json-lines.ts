/** Append-only logs, one JSON value per line, that survive a kill at any point. */

import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { breather } from '../core/breathe.js'
import { NaptuneError } from '../core/errors.js'
import { explainWriteFailure, writeAll } from './atomic-write.js'

/** The content of a log. */
export interface JsonLines {
	readonly records: readonly unknown[]
	/** Bytes of the complete lines: where the next record goes. */
	readonly length: number
	/** Whether a last line was cut short (by a kill or a full disk) and dropped. */
	readonly torn: boolean
}

/** A log open for appending. */
export interface JsonLinesLog {
	/**
	 * Appends records and waits until they are on disk. Calls may overlap; records are written in the order of the calls.
	 * @returns The log's new length in bytes; a resume continues from a saved length.
	 * @throws NaptuneError if the disk is full or the like; the log then ends where it did before.
	 */
	append(...records: readonly unknown[]): Promise<number>
	/** SHA-256 of its lines so far; save it with the length. */
	sha256(): string
	/** Waits for pending appends, then closes the file. */
	close(): Promise<void>
}

const newline = 0x0a

/**
 * Reads a log. A last line without a line end is dropped: it was being written when the program died.
 * @throws NaptuneError if the file cannot be read, or a complete line is not JSON (with its line number).
 */
export async function readJsonLines(path: string): Promise<JsonLines> {
	let bytes: Buffer
	try {
		bytes = await readFile(path)
	} catch (error) {
		throw new NaptuneError('NAP_FILE_INVALID', `Cannot read the log ${path}: ${(error as Error).message}.`, {
			cause: error,
		})
	}
	const length = bytes.lastIndexOf(newline) + 1
	const records: unknown[] = []
	const breathe = breather()
	for (let start = 0; start < length; ) {
		const end = bytes.indexOf(newline, start)
		try {
			records.push(JSON.parse(bytes.toString('utf8', start, end)))
		} catch (error) {
			throw new NaptuneError(
				'NAP_FILE_DAMAGED',
				`Line ${records.length + 1} of the log ${path} is not JSON (${(error as Error).message}). The file was changed or damaged; restore it, or start again in another folder.`,
			)
		}
		start = end + 1
		const pause = breathe()
		if (pause) await pause
	}
	return { records, length, torn: length < bytes.length }
}

/**
 * Opens a log for appending, creating it if necessary. A torn last line is cut off first.
 * @param options.length Cut the log back to this many bytes (a value that `append` returned), so that a resumed run repeats
 * its records instead of duplicating them.
 * @param options.sha256 Expected hash of the remaining lines, if known.
 * @throws NaptuneError if the file cannot be written, is shorter than `length`, has no line end there, or holds other lines.
 */
export async function openJsonLines(
	path: string,
	options: { readonly length?: number; readonly sha256?: string | undefined } = {},
): Promise<JsonLinesLog> {
	let handle: FileHandle
	try {
		// Not 'a': writes would ignore their position.
		handle = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
			if (error.code !== 'ENOENT') throw error
			return open(path, 'wx+')
		})
	} catch (error) {
		throw explainWriteFailure(error, path)
	}
	try {
		let length = await endOfLines(handle, options.length, path)
		const hash = await hashOf(handle, length)
		if (options.sha256 !== undefined && hash.copy().digest('hex') !== options.sha256) {
			throw new NaptuneError(
				'NAP_FILE_DAMAGED',
				`A finished line of the log ${path} is not what was written there. The file was changed or damaged; restore it, or start again in another folder.`,
			)
		}
		await handle.truncate(length)
		let last: Promise<unknown> = Promise.resolve()
		return {
			append(...records) {
				const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''), 'utf8')
				const turn = last.then(async () => {
					try {
						await writeAll(handle, bytes, length)
						await handle.datasync()
					} catch (error) {
						await handle.truncate(length).catch(() => {})
						throw explainWriteFailure(error, path)
					}
					length += bytes.length
					hash.update(bytes)
					return length
				})
				last = turn.catch(() => {})
				return turn
			},
			sha256: () => hash.copy().digest('hex'),
			async close() {
				await last
				await handle.close()
			},
		}
	} catch (error) {
		await handle.close()
		throw error
	}
}

/** The end of the complete lines; or `wanted`, once verified as the end of a line. */
async function endOfLines(handle: FileHandle, wanted: number | undefined, path: string): Promise<number> {
	const { size } = await handle.stat()
	if (wanted !== undefined) {
		const byte = Buffer.alloc(1)
		if (wanted > 0 && wanted <= size) await handle.read(byte, 0, 1, wanted - 1)
		if (wanted === 0 || byte[0] === newline) return wanted
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`The log ${path} (${size} bytes) has no line that ends at byte ${wanted}, where this run was saved. The file was changed or damaged; restore it, or start again in another folder.`,
		)
	}
	const piece = Buffer.alloc(1 << 16)
	for (let end = size; end > 0; end -= piece.length) {
		const start = Math.max(0, end - piece.length)
		await handle.read(piece, 0, end - start, start)
		const at = piece.subarray(0, end - start).lastIndexOf(newline)
		if (at >= 0) return start + at + 1
	}
	return 0
}

async function hashOf(handle: FileHandle, length: number): Promise<Hash> {
	const hash = createHash('sha256')
	const piece = Buffer.alloc(Math.min(length, 1 << 20))
	for (let start = 0; start < length; start += piece.length) {
		const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, length - start), start)
		hash.update(piece.subarray(0, bytesRead))
	}
	return hash
}
