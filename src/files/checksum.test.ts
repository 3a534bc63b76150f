import { execFile } from 'node:child_process'
import { copyFile, link, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
	checksumPath,
	copyChecked,
	removeChecked,
	requireIntact,
	writeChecksum,
	writeChunksChecked,
} from './checksum.js'
import { flipBit } from './flip-bit.test.helper.js'
import { sha256OfBytes } from './sha256.js'
import { temporaryFolder } from './temporary-folder.test.helper.js'

const bytes = (text: string) => [Buffer.from(text.slice(0, 2)), Buffer.from(text.slice(2))]
const line = (text: string) => `${sha256OfBytes(text)}  values.bin\n`

async function place(): Promise<string> {
	return join(await temporaryFolder(), 'values.bin')
}

describe('a file with a checksum', () => {
	it('is intact as it was written, and so is one that replaced it', async () => {
		const path = await place()
		for (const text of ['first', 'second']) {
			await writeChunksChecked(path, bytes(text))
			expect(await readFile(path, 'utf8')).toBe(text)
			expect(await readFile(checksumPath(path), 'utf8')).toBe(line(text))
			expect(await requireIntact(path, '')).toBe('intact')
		}
		expect((await readdir(dirname(path))).sort()).toEqual(['values.bin', 'values.bin.sha256'])
	})

	it.runIf(process.platform === 'linux')('can be checked by sha256sum', async () => {
		const path = await place()
		await writeChunksChecked(path, bytes('content'))
		const check = () => promisify(execFile)('sha256sum', ['-c', 'values.bin.sha256'], { cwd: dirname(path) })
		expect((await check()).stdout).toBe('values.bin: OK\n')
		await flipBit(path)
		await expect(check()).rejects.toThrow(/FAILED|did NOT match/)
	})

	it('is named with what to do when any bit of it is flipped', async () => {
		const path = await place()
		for (let position = 0; position < 'content'.length; position++) {
			await writeChunksChecked(path, bytes('content'))
			await flipBit(path, position)
			const refused = requireIntact(path, 'Restore it.')
			await expect(refused).rejects.toThrow(`${path} is damaged`)
			await expect(refused).rejects.toThrow('Restore it.')
		}
	})

	it('is named when its checksum is damaged', async () => {
		const path = await place()
		await writeChunksChecked(path, bytes('content'))
		// A digit that is another one, and one that is none.
		await flipBit(checksumPath(path), 0)
		await expect(requireIntact(path, '')).rejects.toThrow('values.bin')
		await writeFile(checksumPath(path), 'no checksum\n')
		await expect(requireIntact(path, 'Make it again.')).rejects.toThrow(
			/values\.bin\.sha256 is damaged.*Make it again\./,
		)
		await writeFile(checksumPath(path), '')
		await expect(requireIntact(path, '')).rejects.toThrow('values.bin.sha256 is damaged')
	})

	it('is unchecked where no checksum is kept', async () => {
		const path = await place()
		await writeFile(path, 'of an earlier version')
		expect(await requireIntact(path, '')).toBe('unchecked')
		await writeChecksum(path)
		expect(await requireIntact(path, '')).toBe('intact')
		await removeChecked(path)
		expect(await readdir(dirname(path))).toEqual([])
	})
})

describe('a kill between a file and its checksum', () => {
	it('leaves both contents acceptable until the next is written', async () => {
		const path = await place()
		await writeChunksChecked(path, bytes('old'))
		// The checksum of the new content is there, the content is not.
		await writeFile(checksumPath(path), line('new') + line('old'))
		expect(await requireIntact(path, '')).toBe('intact')
		// The content is there, the old checksum is not gone yet.
		await writeFile(path, 'new')
		expect(await requireIntact(path, '')).toBe('intact')
		await writeFile(path, 'other')
		await expect(requireIntact(path, '')).rejects.toThrow('is damaged')
		await writeChunksChecked(path, bytes('third'))
		expect(await readFile(checksumPath(path), 'utf8')).toBe(line('third'))
	})

	it('leaves the old content acceptable when the new one cannot be written', async () => {
		const path = await place()
		await writeChunksChecked(path, bytes('old'))
		const broken = (function* () {
			yield Buffer.from('half')
			throw new Error('unplugged')
		})()
		await expect(writeChunksChecked(path, broken)).rejects.toThrow('unplugged')
		expect(await readFile(path, 'utf8')).toBe('old')
		expect(await requireIntact(path, '')).toBe('intact')
	})
})

describe('a checked copy', () => {
	it.each([
		['a second name', link],
		['a copy', copyFile],
	])('has its own checksum as %s', async (_, put) => {
		const path = await place()
		const copy = join(dirname(path), 'copy.bin')
		await writeFile(copy, 'something else')
		await writeChecksum(copy)
		await writeChunksChecked(path, bytes('content'))
		// Twice: the second time both are names of one file already.
		for (let time = 0; time < 2; time++) {
			await copyChecked(path, copy, (temporary) => put(path, temporary))
			expect(await readFile(copy, 'utf8')).toBe('content')
			expect(await requireIntact(copy, '')).toBe('intact')
		}
		await writeChunksChecked(path, bytes('newer'))
		expect(await readFile(copy, 'utf8')).toBe('content')
		expect(await requireIntact(copy, '')).toBe('intact')
		expect((await readdir(dirname(path))).length).toBe(4)
	})

	it('of a file with two acceptable contents accepts both', async () => {
		const path = await place()
		const copy = join(dirname(path), 'copy.bin')
		await writeFile(path, 'old')
		await writeFile(checksumPath(path), line('new') + line('old'))
		await copyChecked(path, copy, (temporary) => link(path, temporary))
		expect(await requireIntact(copy, '')).toBe('intact')
	})

	it('of an unchecked file is unchecked', async () => {
		const path = await place()
		const copy = join(dirname(path), 'copy.bin')
		await writeChunksChecked(copy, bytes('before'))
		await writeFile(path, 'content')
		await rm(checksumPath(path), { force: true })
		await copyChecked(path, copy, (temporary) => link(path, temporary))
		expect(await requireIntact(copy, '')).toBe('unchecked')
	})
})
