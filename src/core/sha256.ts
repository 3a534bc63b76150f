/** SHA-256 without Node.js: synchronous, with the same result in every JavaScript runtime. */

import { sha256 as digest } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/**
 * SHA-256 of bytes, or of a text as UTF-8: 32 bytes. Use it for keys, names and fingerprints of data in memory; for files
 * and large arrays in Node.js, `files/sha256` is ten times as fast.
 */
export function sha256(content: Uint8Array | string): Uint8Array<ArrayBuffer> {
	return digest(typeof content === 'string' ? utf8ToBytes(content) : content)
}

/** {@link sha256} as 64 lower-case hexadecimal digits. */
export function sha256Hex(content: Uint8Array | string): string {
	return bytesToHex(sha256(content))
}
