/** Scans a weights file once for its fingerprint and for non-finite numbers. */

import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { hasNonFinite } from '../files/float-formats.js'
import { readPieces, withFile } from '../files/read-parts.js'

/** A tensor of float32 in the file; `offset` is a multiple of 4. */
export interface FloatRange {
	readonly name: string
	readonly offset: number
	readonly length: number
}

/** What a scan found. */
export interface Scan {
	/** SHA-256 of the whole file. */
	readonly sha256: string
	/** Names of the tensors that hold an infinity or NaN. */
	readonly nonFinite: readonly string[]
}

/**
 * Reads a file once, in order. Both checks together take about the time of SHA-256 alone: the search for non-finite
 * numbers is a comparison of exponent bits and runs several times faster than the hash.
 * @throws NaptuneError when the file cannot be read.
 */
export async function scanFloat32File(path: string, ranges: readonly FloatRange[]): Promise<Scan> {
	const ordered = [...ranges].sort((a, b) => a.offset - b.offset)
	const nonFinite: string[] = []
	const hash = createHash('sha256')
	const { size } = await stat(path).catch((error: Error) => {
		throw new NaptuneError('NAP_FILE_UNREADABLE', `${path} could not be read: ${error.message}.`, { cause: error })
	})
	await withFile(path, async (handle) => {
		let position = 0
		let next = 0
		for await (const piece of readPieces(handle, 0, size, path)) {
			hash.update(piece)
			const end = position + piece.length
			for (let index = next; index < ordered.length && at(ordered, index).offset < end; index++) {
				const { name, offset, length } = at(ordered, index)
				const from = Math.max(offset, position) - position
				const to = Math.min(offset + length, end) - position
				if (to > from && nonFinite.at(-1) !== name && hasNonFinite(piece, from, to)) nonFinite.push(name)
				if (offset + length <= end && index === next) next++
			}
			position = end
		}
	})
	return { sha256: hash.digest('hex'), nonFinite }
}
