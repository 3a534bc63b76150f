import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { temporaryFolder } from '../temporary-folder.test.helper.js'
import { readZipDirectory } from './zip-directory.js'

const fixture = fileURLToPath(new URL('../../../fixtures/checkpoints/pytorch/mixed.bin', import.meta.url))
const stored = { level: 0 } as const

async function contents(bytes: Uint8Array, folder?: string): Promise<Record<string, string>> {
	const path = join(folder ?? (await temporaryFolder()), 'a.zip')
	await writeFile(path, bytes)
	const handle = await open(path)
	try {
		const entries = await readZipDirectory(handle, path)
		return Object.fromEntries(
			[...entries].map(([name, { offset, length }]) => [
				name,
				Buffer.from(bytes.subarray(offset, offset + length)).toString(),
			]),
		)
	} finally {
		await handle.close()
	}
}

/** The same archive with all sizes and offsets moved to zip64 fields, as for files above 4 GB. */
function asZip64(archive: Uint8Array): Buffer {
	const bytes = Buffer.from(archive)
	const end = bytes.length - 22
	const directoryStart = bytes.readUInt32LE(end + 16)
	const count = bytes.readUInt16LE(end + 10)
	const parts: Buffer[] = [bytes.subarray(0, directoryStart)]
	let position = directoryStart
	for (let index = 0; index < count; index++) {
		const nameLength = bytes.readUInt16LE(position + 28)
		const next = position + 46 + nameLength + bytes.readUInt16LE(position + 30) + bytes.readUInt16LE(position + 32)
		const entry = Buffer.from(bytes.subarray(position, position + 46 + nameLength))
		const extra = Buffer.alloc(4 + 5 + 4 + 24)
		// An unrelated field first, then the zip64 one.
		extra.writeUInt16LE(0x4246, 0)
		extra.writeUInt16LE(5, 2)
		extra.writeUInt16LE(1, 9)
		extra.writeUInt16LE(24, 11)
		extra.writeBigUInt64LE(BigInt(entry.readUInt32LE(24)), 13)
		extra.writeBigUInt64LE(BigInt(entry.readUInt32LE(20)), 21)
		extra.writeBigUInt64LE(BigInt(entry.readUInt32LE(42)), 29)
		for (const field of [20, 24, 42]) entry.writeUInt32LE(0xffffffff, field)
		entry.writeUInt16LE(extra.length, 30)
		entry.writeUInt16LE(0, 32)
		parts.push(entry, extra)
		position = next
	}
	const length = Buffer.concat(parts).length - directoryStart
	const end64 = Buffer.alloc(56 + 20)
	end64.writeUInt32LE(0x06064b50, 0)
	end64.writeBigUInt64LE(BigInt(count), 32)
	end64.writeBigUInt64LE(BigInt(length), 40)
	end64.writeBigUInt64LE(BigInt(directoryStart), 48)
	end64.writeUInt32LE(0x07064b50, 56)
	end64.writeBigUInt64LE(BigInt(directoryStart + length), 56 + 8)
	const endRecord = Buffer.from(bytes.subarray(end))
	endRecord.writeUInt16LE(0xffff, 10)
	endRecord.writeUInt32LE(0xffffffff, 12)
	endRecord.writeUInt32LE(0xffffffff, 16)
	return Buffer.concat([...parts, end64, endRecord])
}

describe('readZipDirectory', () => {
	const files = { 'a/x': Buffer.from('hello'), 'a/y': Buffer.alloc(0), ü: Buffer.from('z') }
	const expected = { 'a/x': 'hello', 'a/y': '', ü: 'z' }

	it('finds stored entries', async () => {
		expect(await contents(zipSync(files, stored))).toEqual(expected)
	})

	it('finds them behind an archive comment and in zip64', async () => {
		const archive = Buffer.from(zipSync(files, stored))
		archive.writeUInt16LE(7, archive.length - 2)
		expect(await contents(Buffer.concat([archive, Buffer.from('comment')]))).toEqual(expected)
		expect(await contents(asZip64(zipSync(files, stored)))).toEqual(expected)
	})

	it('finds what PyTorch wrote', async () => {
		const entries = await contents(await readFile(fixture))
		expect(entries['mixed/byteorder']).toBe('little')
		expect(Object.keys(entries)).toContain('mixed/data.pkl')
	})

	it('refuses compressed and doubled entries', async () => {
		await expect(contents(zipSync({ a: Buffer.alloc(1000) }))).rejects.toThrow(/entry a is compressed/)
		const twice = Buffer.from(zipSync({ aa: Buffer.from('1'), ab: Buffer.from('2') }, stored))
		twice.write('aa', twice.lastIndexOf('ab'))
		await expect(contents(twice)).rejects.toThrow(/two entries are named aa/)
	})

	it('refuses a file cut at any length', async () => {
		const folder = await temporaryFolder()
		const archive = zipSync(files, stored)
		for (let length = 0; length < archive.length; length++) {
			await expect(contents(archive.subarray(0, length), folder)).rejects.toThrow(/not a complete zip archive/)
		}
	})

	it('never fails with anything but an error of ours, whatever byte changes', async () => {
		const folder = await temporaryFolder()
		const archives = [zipSync(files, stored), asZip64(zipSync(files, stored))]
		await fc.assert(
			fc.asyncProperty(fc.constantFrom(...archives), fc.nat(), fc.nat(255), async (archive, at, value) => {
				const changed = Buffer.from(archive)
				changed[at % changed.length] = value
				const error = await contents(changed, folder).then(
					() => undefined,
					(error: unknown) => error,
				)
				return error === undefined || error instanceof NaptuneError
			}),
			{ numRuns: 300 },
		)
	})
})
