import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../checkpoints/load-tokenizer.js'
import { cleanText, lowerAsPython } from '../files/text/text-cleanup.js'
import { tokenForm } from '../files/text/token-form.js'
import type { ClipTokenizer } from './tokenizer.js'

let tokenizer: ClipTokenizer

beforeAll(async () => {
	tokenizer = await loadTokenizer(fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url)))
})

const idsOf = (text: string) => tokenizer.encode(lowerAsPython(cleanText(text))).join(' ')

describe('tokenForm', () => {
	it.each([
		['caf\u00e9', 'cafe\u0301'],
		['caf&eacute;', 'Caf\u00c9'],
		['R&amp;B', 'r&b'],
		['ice-cream', 'ice - cream'],
		['3d', '3 D'],
		['\ufb01sh', 'fish'],
		['\uff43\uff41\uff54', 'cat'],
		['Stra\u00dfe', 'stra\u00dfE'],
		['\u039f\u0394\u039f\u03a3', '\u03bf\u03b4\u03bf\u03c2'],
		['a\u00a0\u00a0b', 'a b'],
	])('is the same for %s and %s, and so are the token ids', (one, other) => {
		expect(tokenForm(one)).toBe(tokenForm(other))
		expect(idsOf(one)).toBe(idsOf(other))
	})

	it.each([
		['hot dog', 'hotdog'],
		['ss', '\u00df'],
		['cafe', 'caf\u00e9'],
		["won't", 'wont'],
	])('differs for %s and %s, and so do the token ids', (one, other) => {
		expect(tokenForm(one)).not.toBe(tokenForm(other))
		expect(idsOf(one)).not.toBe(idsOf(other))
	})

	it('agrees with token ids on any two texts', () => {
		const unit = fc.constantFrom(
			...'aAbB12 -_.\u00e9\u0301\u0130\u03a3&;\u00a0\u4e2d\u{1f600}'.match(/./gu)!,
			'&amp;',
			"'s",
			'&eacute;',
		)
		const text = fc.string({ unit, maxLength: 5 })
		fc.assert(
			fc.property(text, text, (one, other) => {
				expect(tokenForm(one) === tokenForm(other)).toBe(idsOf(one) === idsOf(other))
			}),
			{ numRuns: 5000 },
		)
	})
})
