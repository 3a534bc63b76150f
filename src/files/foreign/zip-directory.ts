/** Locates the entries of a zip archive without reading them: enough for the uncompressed archives that PyTorch writes. */

import type { FileHandle } from 'node:fs/promises'
import { NaptuneError } from '../../core/errors.js'
import { shortened } from '../../core/shown.js'
import { readInto } from '../read-parts.js'

/** An uncompressed entry. */
export interface ZipEntry {
	/** Absolute offset in the file of the first byte of its data. */
	readonly offset: number
	/** Length in bytes. */
	readonly length: number
}

const endSignature = 0x06054b50
const end64Signature = 0x06064b50
const locator64Signature = 0x07064b50
const directorySignature = 0x02014b50
const localSignature = 0x04034b50
/** Larger directories are refused; the largest checkpoints have a few thousand entries. */
const longestDirectory = 1 << 23
const mostEntries = 50_000

/**
 * Lists the entries of a zip archive (including zip64) by name.
 * @param path For error messages.
 * @param ignored Unused entries, such as the program texts of a TorchScript archive; they may be compressed.
 * @throws NaptuneError if this is not a zip archive, it is truncated, or entries are compressed, encrypted, outside the file
 * or duplicated.
 */
export async function readZipDirectory(
	handle: FileHandle,
	path: string,
	ignored: (name: string) => boolean = () => false,
): Promise<Map<string, ZipEntry>> {
	const { size } = await handle.stat()
	const damaged = (what: string) =>
		new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is not a complete zip archive: ${what}. It is truncated or damaged; fetch it again.`,
		)
	const at = async (offset: number, length: number, what: string): Promise<Buffer> => {
		const bytes = Buffer.alloc(length)
		if (offset < 0 || offset + length > size || (await readInto(handle, bytes, offset)) < length) {
			throw damaged(`${what} lies outside the file`)
		}
		return bytes
	}
	const { count, length, offset } = await findDirectory(size, at, damaged)
	if (length > longestDirectory) throw damaged(`it claims a directory of ${length} bytes`)
	if (count > mostEntries) throw damaged(`it claims ${count} entries`)
	const directory = await at(offset, length, 'its directory')
	const entries = new Map<string, ZipEntry>()
	let position = 0
	for (let index = 0; index < count; index++) {
		if (position + 46 > length || directory.readUInt32LE(position) !== directorySignature) {
			throw damaged(`entry ${index + 1} of ${count} in its directory is invalid`)
		}
		const entry = parseEntry(directory, position, damaged)
		position = entry.next
		if (ignored(entry.name)) continue
		if (entry.method !== 0 || entry.encrypted) {
			throw new NaptuneError(
				'NAP_FILE_INVALID',
				`${path}: its entry ${shortened(entry.name)} is ${entry.encrypted ? 'encrypted' : 'compressed'}; PyTorch stores entries uncompressed. Save the file again with torch.save.`,
			)
		}
		if (entries.has(entry.name)) throw damaged(`two entries are named ${shortened(entry.name)}`)
		const local = await at(entry.offset, 30, `entry ${shortened(entry.name)}`)
		if (local.readUInt32LE(0) !== localSignature)
			throw damaged(`entry ${shortened(entry.name)} does not begin where it should`)
		const start = entry.offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
		if (start + entry.length > offset) throw damaged(`entry ${shortened(entry.name)} reaches into its directory`)
		entries.set(entry.name, { offset: start, length: entry.length })
	}
	return entries
}

type At = (offset: number, length: number, what: string) => Promise<Buffer>
type Damaged = (what: string) => NaptuneError

async function findDirectory(size: number, at: At, damaged: Damaged) {
	// The end record is followed by a comment of at most 65535 bytes.
	const tailLength = Math.min(size, 22 + 0xffff)
	const tail = await at(size - tailLength, tailLength, 'its end record')
	let end = tailLength - 22
	while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end--
	if (end < 0) throw damaged('it has no end record')
	const small = {
		count: tail.readUInt16LE(end + 10),
		length: tail.readUInt32LE(end + 12),
		offset: tail.readUInt32LE(end + 16),
	}
	if (small.count !== 0xffff && small.length !== 0xffffffff && small.offset !== 0xffffffff) return small
	const locator = await at(size - tailLength + end - 20, 20, 'its zip64 locator')
	if (locator.readUInt32LE(0) !== locator64Signature) return small
	const large = await at(safeNumber(locator, 8, damaged), 56, 'its zip64 end record')
	if (large.readUInt32LE(0) !== end64Signature) throw damaged('its zip64 end record is invalid')
	return {
		count: safeNumber(large, 32, damaged),
		length: safeNumber(large, 40, damaged),
		offset: safeNumber(large, 48, damaged),
	}
}

function parseEntry(directory: Buffer, position: number, damaged: Damaged) {
	const nameEnd = position + 46 + directory.readUInt16LE(position + 28)
	const extraEnd = nameEnd + directory.readUInt16LE(position + 30)
	const next = extraEnd + directory.readUInt16LE(position + 32)
	if (next > directory.length) throw damaged('its directory ends within an entry')
	const name = directory.toString('utf8', position + 46, nameEnd)
	let length = directory.readUInt32LE(position + 24)
	let offset = directory.readUInt32LE(position + 42)
	if (length === 0xffffffff || offset === 0xffffffff) {
		// The zip64 extra field holds, in this order, those of uncompressed size, compressed size and offset that did not
		// fit.
		let field = findZip64Field(directory, nameEnd, extraEnd)
		const takeNext = (what: string) => {
			if (field === undefined || field + 8 > extraEnd) throw damaged(`entry ${shortened(name)} lacks its zip64 ${what}`)
			field += 8
			return safeNumber(directory, field - 8, damaged)
		}
		if (length === 0xffffffff) length = takeNext('size')
		if (directory.readUInt32LE(position + 20) === 0xffffffff) takeNext('size')
		if (offset === 0xffffffff) offset = takeNext('offset')
	}
	const encrypted = (directory.readUInt16LE(position + 8) & 1) === 1
	return { name, length, offset, method: directory.readUInt16LE(position + 10), encrypted, next }
}

function findZip64Field(directory: Buffer, start: number, end: number): number | undefined {
	for (let at = start; at + 4 <= end; at += 4 + directory.readUInt16LE(at + 2)) {
		if (directory.readUInt16LE(at) === 1) return at + 4
	}
	return undefined
}

function safeNumber(bytes: Buffer, at: number, damaged: Damaged): number {
	const value = bytes.readBigUInt64LE(at)
	if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(`it holds the impossible number ${value}`)
	return Number(value)
}
