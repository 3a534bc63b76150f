import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256OfBytes, sha256OfFile } from './sha256.js'
import { temporaryFolder } from './temporary-folder.test.helper.js'

describe('SHA-256', () => {
	it("gives the standard's example", async () => {
		// FIPS 180-2, appendix B.1.
		const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
		expect(sha256OfBytes('abc')).toBe(expected)
		const path = join(await temporaryFolder(), 'a')
		await writeFile(path, 'abc')
		expect(await sha256OfFile(path)).toBe(expected)
	})

	it('streams files longer than a piece', async () => {
		const path = join(await temporaryFolder(), 'a')
		const bytes = Buffer.alloc(3_000_001, 'naptune')
		await writeFile(path, bytes)
		expect(await sha256OfFile(path)).toBe(sha256OfBytes(bytes))
	})

	it('names a file that cannot be read', async () => {
		await expect(sha256OfFile('/no/such/file')).rejects.toThrow('Cannot read /no/such/file')
	})
})
