import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { errorCodes } from '../core/error-codes.js'
import { docsPages } from './docs-pages.js'

const folder = new URL('../../docs/', import.meta.url)

it.each([...docsPages()])('docs/%s is what the program knows: npm run docs writes it', async (name, text) => {
	expect(await readFile(fileURLToPath(new URL(name, folder)), 'utf8')).toBe(text)
})

it('every kind of error says what it means and what to do, in sentences', () => {
	for (const [code, { means, advice }] of Object.entries(errorCodes)) {
		expect(code).toMatch(/^NAP(_[A-Z]+)+$/)
		for (const text of [means, advice]) expect(text, code).toMatch(/^[A-Z].*\.$/)
	}
})
