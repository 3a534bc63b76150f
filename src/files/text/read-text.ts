/** Reads user text files: UTF-8, with or without a byte order mark. */

import { readFile } from 'node:fs/promises'
import { NaptuneError } from '../../core/errors.js'
import { windows1252Characters } from './windows-1252.js'

/**
 * Reads a text file.
 * @param what Description of the file for errors, such as `The manifest list.csv`; default: its path.
 * @returns The text without a byte order mark.
 * @throws NaptuneError if it is missing, unreadable or not UTF-8 (with the position of the first wrong byte).
 */
export async function readTextFile(path: string, what = path): Promise<string> {
	let bytes: Uint8Array
	try {
		bytes = await readFile(path)
	} catch (cause) {
		const { code, message } = cause as NodeJS.ErrnoException
		if (code === 'ENOENT') throw new NaptuneError('NAP_FILE_MISSING', `${what} is missing.`, { cause })
		throw new NaptuneError('NAP_FILE_INVALID', `Cannot read ${what}: ${message}.`, { cause })
	}
	return decodeUtf8(bytes, what)
}

/**
 * Decodes bytes to text.
 * @param what Description of the bytes, for errors.
 * @throws NaptuneError if they are UTF-16 or not UTF-8, naming the first wrong byte.
 */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
	const wide = utf16(bytes)
	if (wide)
		throw new NaptuneError('NAP_FILE_INVALID', `${what} is UTF-16 (${wide}-endian), not UTF-8. Save it as UTF-8.`)
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
	} catch (cause) {
		const at = firstWrongByte(bytes)
		const byte = bytes[at] ?? 0
		const line = bytes.subarray(0, at).reduce((count, value) => count + (value === 0x0a ? 1 : 0), 1)
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${what} is not UTF-8: byte ${at} (counted from 0, in line ${line}) is 0x${byte.toString(16).padStart(2, '0')}${guess(byte)}. Save it as UTF-8.`,
			{ cause },
		)
	}
}

function guess(byte: number): string {
	const character = windows1252Characters[byte] ?? ''
	return byte >= 0xa0 ? `, which would be ${character} in Windows-1252` : ''
}

/** By its mark, or by a zero in every second byte of its start. */
function utf16(bytes: Uint8Array): 'little' | 'big' | undefined {
	if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'little'
	if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'big'
	const start = bytes.subarray(0, Math.min(bytes.length, 64) & ~1)
	if (start.length < 4) return undefined
	const zeros = (parity: number) => start.every((byte, at) => at % 2 !== parity || byte === 0)
	const others = (parity: number) => start.every((byte, at) => at % 2 !== parity || byte !== 0)
	if (zeros(1) && others(0)) return 'little'
	return zeros(0) && others(1) ? 'big' : undefined
}

/** Position of the first sequence that is not UTF-8. */
function firstWrongByte(bytes: Uint8Array): number {
	let at = 0
	while (at < bytes.length) {
		const length = sequenceLength(bytes, at)
		if (length === 0) return at
		at += length
	}
	return at
}

/** Length in bytes of the character that begins here; 0 if none does (RFC 3629, section 4). */
function sequenceLength(bytes: Uint8Array, at: number): number {
	const first = bytes[at] ?? 0
	if (first < 0x80) return 1
	const length =
		first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0
	const second = bytes[at + 1] ?? 0
	// No overlong forms, no surrogate halves, nothing beyond Unicode.
	const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
	const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
	if (length === 0 || second < least || second > most) return 0
	for (let next = 2; next < length; next++) {
		const byte = bytes[at + next] ?? 0
		if (byte < 0x80 || byte > 0xbf) return 0
	}
	return length
}
