import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixEncoding } from './mojibake.js'
import { looksLikeMojibake } from './mojibake-signs.js'
import { windows1252Characters } from './windows-1252.js'

/** UTF-8 of a text, wrongly read as Windows-1252. */
function misread(text: string): string {
	return [...Buffer.from(text, 'utf8')].map((byte) => windows1252Characters[byte]).join('')
}

describe('fixEncoding', () => {
	it.each(['café', 'it’s “quoted”', 'Привет мир', '日本語', '🐱', 'שלום', 'مرحبا', '½ €5 ©'])('undoes %s', (text) => {
		expect(fixEncoding(misread(text))).toBe(text)
		expect(fixEncoding(misread(misread(text)))).toBe(text)
		expect(fixEncoding(Buffer.from(text, 'utf8').toString('latin1'))).toBe(text)
	})

	it.each([
		['schÃ¶n neben schön', 'schön neben schön'],
		['日本 Ã©tÃ©', '日本 été'],
		['voilÃ le travail, Ã la mode', 'voilà le travail, à la mode'],
		['â€œ like this â€\ufffd', '“ like this \ufffd'],
		['caf\xe9 \x93quoted\x94', 'café “quoted”'],
	])('undoes parts: %s', (text, expected) => {
		expect(fixEncoding(text)).toBe(expected)
	})

	it.each([
		'café”—and',
		'CAFÉ®',
		'Ångström',
		'«été»',
		'¿qué?',
		'Ümläut',
		'naïve façade',
		'5€ 20°C ½',
		'À bientôt!',
		'Łódź',
	])('leaves %s alone', (text) => {
		expect(looksLikeMojibake(text)).toBe(false)
		expect(fixEncoding(text)).toBe(text)
	})

	it('leaves ASCII alone', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
				expect(fixEncoding(text)).toBe(text)
			}),
		)
	})
})

describe('windows1252Characters', () => {
	it('is Latin-1 but for the range of controls', () => {
		expect(new Set(windows1252Characters).size).toBe(256)
		expect(windows1252Characters[0x80]).toBe('€')
		expect(windows1252Characters[0x81]).toBe('\x81')
		expect(windows1252Characters[0x92]).toBe('’')
		expect(windows1252Characters[0x9f]).toBe('Ÿ')
		expect(windows1252Characters[0xe9]).toBe('é')
	})
})
