import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainJson, plainText } from './plain-text.js'

describe('plainText', () => {
	it.each([
		['\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m', '[31mred[0m'],
		['a\rb\x00\x7f\x9b', 'a\\x0db\\x00\\x7f\\x9b', 'ab'],
		['evil\u202egnp.exe\u2066', 'evil\\u202egnp.exe\\u2066', 'evilgnp.exe'],
		['half \ud800 pair', 'half \\ud800 pair', 'half  pair'],
		['tab\tand\nline', 'tab\tand\nline', 'tab\tand\nline'],
		[
			'caf\u00e9 \u4e2d \u{1f600} \u0301 \\x1b',
			'caf\u00e9 \u4e2d \u{1f600} \u0301 \\x1b',
			'caf\u00e9 \u4e2d \u{1f600} \u0301 \\x1b',
		],
	])('of %j', (text, shown, removed) => {
		expect(plainText(text, 'shown')).toBe(shown)
		expect(plainText(text, 'removed')).toBe(removed)
	})
})

describe('plainJson', () => {
	it('says the same without control characters', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), (text) => {
				const json = plainJson(JSON.stringify({ [text]: text }, null, 2))
				expect(JSON.parse(json)).toEqual({ [text]: text })
				expect(plainText(json, 'removed')).toBe(json)
			}),
		)
	})
})
