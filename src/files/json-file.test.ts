import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readJsonFile } from './json-file.js'
import { temporaryFolder } from './temporary-folder.test.helper.js'

describe('readJsonFile', () => {
	it('reads JSON, with or without a byte order mark', async () => {
		const path = join(await temporaryFolder(), 'a.json')
		for (const text of ['{"a":[1]}', '\ufeff{"a":[1]}\n']) {
			await writeFile(path, text)
			expect(await readJsonFile(path)).toEqual({ a: [1] })
		}
	})

	it('says what is wrong', async () => {
		const folder = await temporaryFolder()
		await expect(readJsonFile(join(folder, 'a.json'))).rejects.toThrow(/a\.json is missing/)
		await expect(readJsonFile(folder)).rejects.toThrow(/Cannot read/)
		await writeFile(join(folder, 'b.json'), '{"a":')
		await expect(readJsonFile(join(folder, 'b.json'))).rejects.toThrow(/b\.json is not valid JSON/)
	})
})
