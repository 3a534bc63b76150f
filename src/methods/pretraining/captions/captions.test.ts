import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../../checkpoints/load-tokenizer.js'
import { generator } from '../../../random/counter-based.js'
import {
	allCaptions,
	caption,
	captionTemplates,
	classNouns,
	fillTemplate,
	heldOutSynonyms,
	heldOutTemplates,
} from './captions.js'

const everything = allCaptions()

describe('captions', () => {
	it('are drawn from the templates and nouns, the class name most often, the same for the same stream', () => {
		const drawn = Array.from({ length: 2000 }, (_, index) => caption(3, generator(1, 'captions', index)))
		const possible = new Set(everything)
		expect(drawn.filter((text) => !possible.has(text))).toEqual([])
		const named = drawn.filter((text) => captionTemplates.some((template) => fillTemplate(template, 'cat') === text))
		expect(named.length / drawn.length).toBeGreaterThan(0.35)
		expect(named.length / drawn.length).toBeLessThan(0.45)
		expect(new Set(drawn).size).toBeGreaterThan(500)
		expect(caption(3, generator(1, 'captions', 7))).toBe(drawn[7])
	})

	it('refuse a label that is none', () => {
		expect(() => caption(10, generator(1, 'captions'))).toThrow(/no caption for label 10/)
		expect(() => caption(0.5, generator(1, 'captions'))).toThrow(/no caption for label 0.5/)
	})

	it('are over sixty wordings of ten classes, next to all different', () => {
		expect(captionTemplates.length).toBeGreaterThanOrEqual(60)
		expect(classNouns.map(({ name }) => name).join(' ')).toBe(
			'airplane automobile bird cat deer dog frog horse ship truck',
		)
		expect(new Set(captionTemplates).size).toBe(captionTemplates.length)
		expect(new Set(everything).size).toBeGreaterThan(0.999 * everything.length)
	})

	it('have the right article', () => {
		expect(fillTemplate('a photo of {a}, the {}', 'airplane')).toBe('a photo of an airplane, the airplane')
		expect(everything.filter((text) => /\ba [aeiou]|\ban [^aeiou]|\{/.test(text))).toEqual([])
	})

	it('name one class each', () => {
		const nouns = classNouns.flatMap(({ name, synonyms, heldOut }) => [name, ...synonyms, ...heldOut])
		expect(new Set(nouns).size).toBe(nouns.length)
	})

	it('never hold what is held out', () => {
		const captions = new Set(everything)
		for (const { name, synonyms } of classNouns) {
			for (const template of heldOutTemplates) {
				const seen = [name, ...synonyms].filter((noun) => captions.has(fillTemplate(template, noun)))
				expect(seen, template).toEqual([])
			}
		}
		for (const noun of heldOutSynonyms.flat()) {
			expect(everything.filter((text) => new RegExp(`\\b${noun}\\b`).test(text))).toEqual([])
		}
	})

	it('combine known words in the held-out synonyms', () => {
		const known = new Set(everything.flatMap((text) => text.match(/[a-z]+/g) ?? []))
		for (const noun of heldOutSynonyms.flat()) for (const word of noun.split(' ')) expect(known.has(word)).toBe(true)
	})

	it('are short', async () => {
		const nano = await loadTokenizer(fileURLToPath(new URL('../../../../models/nano/tokenizer.json', import.meta.url)))
		const lengths = everything.map((text) => nano.encode(text).length)
		expect(Math.max(...lengths)).toBeLessThanOrEqual(16)
	})
})
