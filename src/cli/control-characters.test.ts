import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { runCli, runJson } from './cli.test.helper.js'

const plain = fileURLToPath(new URL('../../fixtures/cases/images/plain.png', import.meta.url))
const evil = '\x1b[2J\u202ered\x9b'
let root: string

beforeEach(async () => {
	root = join(await temporaryFolder(), 'data\x1b]0;title\x07')
	for (const name of [evil, 'dog']) {
		await mkdir(join(root, name), { recursive: true })
		for (const at of [1, 2, 3]) await copyFile(plain, join(root, name, `${at}.png`))
	}
})

describe('names with control characters', () => {
	it('are shown as escapes on a terminal', async () => {
		const { stdout, stderr } = await runCli(['data', 'doctor', root, '--threads', '1'])
		expect(stdout).toContain('\\x1b[2J\\u202ered\\x9b')
		expect(stdout).toContain('data\\x1b]0;title\\x07')
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
		expect(stdout + stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/)
	})

	it('are the same in JSON, escaped', async () => {
		const { document, stdout } = await runJson(['data', 'doctor', root, '--threads', '1'])
		expect(JSON.stringify(document)).toContain(JSON.stringify(evil))
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
		expect(stdout).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/)
	})

	it('are shown as escapes in errors', async () => {
		const { code, stderr } = await runCli(['data', 'doctor', join(root, 'none\x1b[31m')])
		expect(code).not.toBe(0)
		expect(stderr).toMatch(/none\\(x1b|u001b)\[31m/)
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
		expect(stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/)
	})
})
