/** Fingerprints of files, streamed, using Node.js's own SHA-256. Browser code uses `core/sha256`: the same result, slower. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { NaptuneError } from '../core/errors.js'

/**
 * SHA-256 of a file's content, read in pieces of 1 MiB.
 * @returns 64 lower-case hexadecimal digits.
 * @throws NaptuneError if the file cannot be read.
 */
export async function sha256OfFile(path: string): Promise<string> {
	const hash = createHash('sha256')
	try {
		for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
	} catch (error) {
		throw new NaptuneError('NAP_FILE_UNREADABLE', `Cannot read ${path}: ${(error as Error).message}.`, {
			cause: error,
		})
	}
	return hash.digest('hex')
}

/** SHA-256 of bytes, or of a text as UTF-8, in lower-case hexadecimal digits. */
export function sha256OfBytes(bytes: Uint8Array | string): string {
	return createHash('sha256').update(bytes).digest('hex')
}
