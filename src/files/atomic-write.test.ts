import { chmod, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { explainWriteFailure, removeStaleTemporaries, writeChunksAtomic, writeFileAtomic } from './atomic-write.js'
import { temporaryFolder, withoutSuperuser } from './temporary-folder.test.helper.js'

/** An error of a disk that is really full; undefined where the system has no such device. */
async function fullDisk(): Promise<unknown> {
	return writeFile('/dev/full', 'x').then(
		() => undefined,
		(error: unknown) => error,
	)
}

describe('writeFileAtomic', () => {
	it('creates and replaces files, leaving nothing else in the folder', async () => {
		const folder = await temporaryFolder()
		const path = join(folder, 'a.txt')
		await writeFileAtomic(path, 'one ü')
		await writeFileAtomic(path, Uint8Array.of(1, 2, 3))
		expect([...(await readFile(path))]).toEqual([1, 2, 3])
		expect(await readdir(folder)).toEqual(['a.txt'])
	})

	it('replaces a symlink instead of writing through it', async () => {
		const folder = await temporaryFolder()
		await writeFile(join(folder, 'target'), 'old')
		await symlink('target', join(folder, 'link'))
		await writeFileAtomic(join(folder, 'link'), 'new')
		expect(await readFile(join(folder, 'target'), 'utf8')).toBe('old')
		expect(await readFile(join(folder, 'link'), 'utf8')).toBe('new')
	})

	it('lets a reader see the old content or the new one, never a mixture', async () => {
		const path = join(await temporaryFolder(), 'a')
		const contents = ['x'.repeat(300_000), 'y'.repeat(400_000)]
		await writeFileAtomic(path, contents[0]!)
		let writing = true
		const writer = (async () => {
			for (let round = 0; round < 20; round++) await writeFileAtomic(path, contents[round % 2]!)
			writing = false
		})()
		while (writing) expect(contents.includes(await readFile(path, 'utf8'))).toBe(true)
		await writer
	})

	it('says what to do where the folder is missing, is a file or may not be written', async () => {
		const folder = await temporaryFolder()
		await expect(writeFileAtomic(join(folder, 'no', 'a'), '')).rejects.toThrow(/does not exist.*Create it/)
		await writeFile(join(folder, 'file'), '')
		await expect(writeFileAtomic(join(folder, 'file', 'a'), '')).rejects.toThrow(/is not a folder/)
		await mkdir(join(folder, 'sub'))
		await expect(writeFileAtomic(join(folder, 'sub'), '')).rejects.toThrow(/is a folder/)
		await chmod(folder, 0o555)
		const refused = withoutSuperuser(() => writeFileAtomic(join(folder, 'a'), ''))
		await expect(refused).rejects.toThrow(/No permission to write .*No file was changed/)
		await expect(refused).rejects.toBeInstanceOf(NaptuneError)
		await chmod(folder, 0o755)
		expect((await readdir(folder)).sort()).toEqual(['file', 'sub'])
	})
})

describe('writeChunksAtomic', () => {
	it('writes chunks in order', async () => {
		const path = join(await temporaryFolder(), 'a')
		await writeChunksAtomic(path, [Buffer.from('ab'), new Uint8Array(), Buffer.from('c')])
		expect(await readFile(path, 'utf8')).toBe('abc')
	})

	it('keeps the old file and removes the temporary one when the disk is full halfway', async ({ skip }) => {
		const error = await fullDisk()
		if (!error) skip('this system has no /dev/full')
		const folder = await temporaryFolder()
		const path = join(folder, 'a')
		await writeFileAtomic(path, 'old')
		const chunks = (function* () {
			yield Buffer.from('new')
			throw explainWriteFailure(error, path)
		})()
		await expect(writeChunksAtomic(path, chunks)).rejects.toThrow(/disk is full.*Free some space.*No file was changed/)
		expect(await readFile(path, 'utf8')).toBe('old')
		expect(await readdir(folder)).toEqual(['a'])
	})

	it('passes on what the chunks throw, leaving nothing behind', async () => {
		const folder = await temporaryFolder()
		const chunks = (async function* () {
			yield Buffer.from('new')
			throw new RangeError('mine')
		})()
		await expect(writeChunksAtomic(join(folder, 'a'), chunks)).rejects.toThrow(new RangeError('mine'))
		expect(await readdir(folder)).toEqual([])
	})
})

describe('explainWriteFailure', () => {
	it('explains a read-only file system and leaves unknown errors alone', () => {
		const readOnly = Object.assign(new Error('x'), { code: 'EROFS' })
		expect(String(explainWriteFailure(readOnly, '/a/b'))).toMatch(/\/a is on a read-only file system/)
		const other = new Error('other')
		expect(explainWriteFailure(other, '/a/b')).toBe(other)
	})
})

describe('removeStaleTemporaries', () => {
	it('removes temporary files of a day ago, and no others', async () => {
		const folder = await temporaryFolder()
		const names = ['.a.12.0123abcd.tmp', '.b.12.0123abcd.tmp', 'c.tmp', '.d.tmp']
		for (const name of names) await writeFile(join(folder, name), '')
		for (const name of names.slice(1)) await utimes(join(folder, name), 1, 1)
		await removeStaleTemporaries(folder)
		expect((await readdir(folder)).sort()).toEqual(['.a.12.0123abcd.tmp', '.d.tmp', 'c.tmp'])
	})
})
