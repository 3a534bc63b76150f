import { existsSync } from 'node:fs'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFolder } from './make-folder.js'
import { temporaryFolder, withoutSuperuser } from './temporary-folder.test.helper.js'

describe('makeFolder', () => {
	it('makes what is missing and leaves what is there', async () => {
		const folder = await temporaryFolder()
		await makeFolder(join(folder, 'a', 'b', 'c'))
		await writeFile(join(folder, 'a', 'b', 'file'), '')
		await makeFolder(join(folder, 'a', 'b'))
		expect(await readdir(join(folder, 'a', 'b'))).toEqual(['c', 'file'])
	})

	it('follows links to folders', async () => {
		const folder = await temporaryFolder()
		await mkdir(join(folder, 'real'))
		await symlink('real', join(folder, 'link'))
		await makeFolder(join(folder, 'link', 'inside'))
		expect(existsSync(join(folder, 'real', 'inside'))).toBe(true)
	})

	it('is made once by many', async () => {
		const folder = await temporaryFolder()
		const path = join(folder, 'x', 'y')
		await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)))
		expect(existsSync(path)).toBe(true)
	})

	it('names the file that is in the way', async () => {
		const folder = await temporaryFolder()
		await writeFile(join(folder, 'file'), '')
		await expect(makeFolder(join(folder, 'file'))).rejects.toThrow(/file is not a folder/)
		await expect(makeFolder(join(folder, 'file', 'a', 'b'))).rejects.toThrow(`${join(folder, 'file')} is not a folder`)
	})

	it('says that it may not', async () => {
		const folder = await temporaryFolder()
		await mkdir(join(folder, 'closed'), { mode: 0o555 })
		const attempt = withoutSuperuser(() => makeFolder(join(folder, 'closed', 'a', 'b')))
		await expect(attempt).rejects.toThrow(/No permission to write .*closed/)
	})

	it.skipIf(!existsSync('/proc/self'))('gives up where the file system takes no folders', async () => {
		await expect(makeFolder('/proc/naptune/run')).rejects.toThrow(/\/proc does not allow new folders/)
	})
})
