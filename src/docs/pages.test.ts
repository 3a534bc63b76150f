import { expect, it } from 'vitest'
import { errorCodes } from '../core/error-codes.js'
import { rootText } from './root.js'
import { writtenDocs } from './written.js'

const written = await writtenDocs()

it.each([...written])('%s is what the program and its records know: npm run docs writes it', async (path, text) => {
	expect(await rootText(path)).toBe(text)
})

it('every kind of error says what it means and what to do, in sentences', () => {
	for (const [code, { means, advice }] of Object.entries(errorCodes)) {
		expect(code).toMatch(/^NAP(_[A-Z]+)+$/)
		for (const text of [means, advice]) expect(text, code).toMatch(/^[A-Z].*\.$/)
	}
})
