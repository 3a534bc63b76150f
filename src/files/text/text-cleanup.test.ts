import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanText, lowerAsPython } from './text-cleanup.js'

const golden = new URL('../../../fixtures/clip-tokens/golden.json', import.meta.url)
const rows: readonly { text: string; cleaned: string }[] = JSON.parse(readFileSync(fileURLToPath(golden), 'utf8'))

const anyText = fc
	.array(fc.oneof(fc.integer({ min: 0, max: 0x24ff }), fc.integer({ min: 0, max: 0x10ffff })), { maxLength: 40 })
	.map((codes) => String.fromCodePoint(...codes))

describe('cleanText', () => {
	it('does what ftfy and html.unescape do', () => {
		expect(rows.length).toBeGreaterThan(100)
		for (const { text, cleaned } of rows) expect(cleanText(text), text).toBe(cleaned)
	})

	it('leaves plain ASCII alone', () => {
		const printable = fc.string({ unit: fc.constantFrom(...'abc XYZ 019 .,!?\'"()-_/') })
		fc.assert(
			fc.property(printable, (text) => {
				expect(cleanText(text)).toBe(text.replace(/ +/g, ' ').trim())
			}),
		)
	})

	it('ends with any string, without whitespace around it or in a row', () => {
		fc.assert(
			fc.property(anyText, (text) => {
				expect(cleanText(text)).not.toMatch(/^ | $|(?! )\p{White_Space}| {2}/u)
			}),
			{ numRuns: 300 },
		)
	})

	it('undoes what a wrong encoding made of a text', () => {
		const words = ['café', 'naïve', 'señor', 'Привет', '日本語', 'crème brûlée', 'Ελλάδα', 'straße']
		fc.assert(
			fc.property(fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 6 }), (chosen) => {
				const text = chosen.join(' ')
				expect(cleanText(Buffer.from(text, 'utf8').toString('latin1'))).toBe(text)
			}),
		)
	})

	it('replaces half of a surrogate pair', () => {
		expect(cleanText('a\ud83db')).toBe('a\ufffdb')
	})

	it('is quick on a long text', () => {
		const long = 'Ã©Ã '.repeat(20_000)
		expect(cleanText(long).length).toBeGreaterThan(20_000)
	})
})

describe('lowerAsPython', () => {
	it.each([
		['ΟΔΟΣ ΣΑΣ', 'ΟΔΟς ΣΑς'],
		['Σ', 'Σ'],
		["ΑΣ' ΑΣ.Α", "Ας' ΑΣ.Α"],
		['<|EndOfText|>', '<|endoftext|>'],
	])('%s', (text, expected) => {
		expect(lowerAsPython(text)).toBe(expected)
		expect(lowerAsPython(text).toLowerCase()).toBe(text.toLowerCase())
	})
})
