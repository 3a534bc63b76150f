import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../../checkpoints/load-tokenizer.js'
import { bytePairVocabulary, type Merge, tokenizerJson } from '../../../checkpoints/vocabulary/byte-pair-vocabulary.js'
import { byteSymbols } from '../../../checkpoints/vocabulary/byte-symbols.js'
import { clipMerges } from '../../../checkpoints/vocabulary/clip-merges.js'
import { zeroShotTemplates } from '../../../data/templates.js'
import { createTokenizer } from '../../../vlm/tokenizer.js'
import { allCaptions, classNouns, fillTemplate, heldOutTemplates } from '../captions/captions.js'
import { mergesOfWord, wordsOf } from './clip-vocabulary.js'
import { nanoContextLength, nanoVocabulary, nanoVocabularySize } from './nano-vocabulary.js'
import { pruneVocabulary, tokenizerFiles } from './pruned-tokenizer.js'

const at = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url))
const clipVocabulary = at('../../../shared/data/bpe_simple_vocab_16e6.txt.gz')
const vocabulary: Record<string, number> = JSON.parse(readFileSync(at('models/nano/vocab.json'), 'utf8'))
const tokens = Object.keys(vocabulary).sort((a, b) => vocabulary[a]! - vocabulary[b]!)

describe("nano's vocabulary", () => {
	it('has the bytes first and the start and end token last', () => {
		expect(tokens).toHaveLength(nanoVocabularySize)
		expect(tokens.slice(0, 256)).toEqual(byteSymbols())
		expect(tokens.slice(256, 512)).toEqual(byteSymbols().map((symbol) => `${symbol}</w>`))
		expect(tokens.slice(-2)).toEqual(['<|startoftext|>', '<|endoftext|>'])
	})

	it('keeps every byte of any string', async () => {
		const nano = await loadTokenizer(at('models/nano/tokenizer.json'))
		const symbols = new Map(wordsOfBytes().map((symbol, byte) => [symbol, byte]))
		fc.assert(
			fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
				const plain = text.normalize('NFC').replace(/\p{White_Space}/gu, '')
				const pieces = nano.encode(text).slice(1, -1)
				const written = pieces.map((id) => tokens[id]!.replace(/<\/w>$/, '')).join('')
				const bytes = Uint8Array.from(written, (symbol) => symbols.get(symbol)!)
				// Each character lower-cased by itself, as transformers does.
				const expected = Array.from(plain, (character) => character.toLowerCase()).join('')
				expect(new TextDecoder().decode(bytes)).toBe(expected)
			}),
			{ numRuns: 300 },
		)
	})

	it("has CLIP's whole words for names, templates and digits", async () => {
		const nano = await loadTokenizer(at('models/nano/tokenizer.json'))
		const words = 'airplane automobile bird cat deer dog frog horse ship truck a photo of the texture 0 1 9'.split(' ')
		for (const word of words) expect(nano.encode(word), word).toHaveLength(3)
	})
})

describe.skipIf(!existsSync(clipVocabulary))("made from CLIP's vocabulary", () => {
	const merges = existsSync(clipVocabulary) ? clipMerges(readFileSync(clipVocabulary)) : []

	it('is what is committed', () => {
		for (const [name, content] of Object.entries(tokenizerFiles(nanoVocabulary(merges), nanoContextLength))) {
			expect(content === readFileSync(at(`models/nano/${name}`), 'utf8'), name).toBe(true)
		}
	})

	it('splits all captions, held-out wordings and templates as CLIP does', async () => {
		const clip = bytePairVocabulary(merges)
		const full = await createTokenizer(tokenizerJson(clip))
		const nano = await loadTokenizer(at('models/nano/tokenizer.json'))
		const names = classNouns.flatMap(({ name, heldOut }) => [name, ...heldOut])
		const templates = [...heldOutTemplates, ...Object.values(zeroShotTemplates)]
		const heldOut = names.flatMap((name) => templates.map((template) => fillTemplate(template, name)))
		const captions = allCaptions().filter((_, index) => index % 17 === 0)
		const splitsAlike = (text: string) => {
			const expected = full.encode(text).map((id) => clip.tokens[id])
			return (
				expected.join(' ') ===
				nano
					.encode(text)
					.map((id) => tokens[id])
					.join(' ')
			)
		}
		expect([...captions, ...heldOut].filter((text) => !splitsAlike(text))).toEqual([])
	})
})

describe('pruneVocabulary', () => {
	const merges: readonly Merge[] = [
		['x', 'y</w>'],
		['c', 'a'],
		['ca', 't</w>'],
		['d', 'o'],
		['do', 'g</w>'],
	]

	it('keeps what the texts need, then the most frequent', () => {
		const needed = pruneVocabulary(merges, ['Dog dog'], 512 + 2 + 2)
		expect(needed.merges).toEqual([merges[3], merges[4]])
		const filled = pruneVocabulary(merges, ['dog'], 512 + 2 + 3)
		expect(filled.merges).toEqual([merges[0], merges[3], merges[4]])
		expect(filled.tokens.slice(512)).toEqual(['xy</w>', 'do', 'dog</w>', '<|startoftext|>', '<|endoftext|>'])
	})

	it('refuses too small a size', () => {
		expect(() => pruneVocabulary(merges, ['cat dog'], 515)).toThrow(/need 4 merges.*515 tokens has room for 1/)
	})
})

describe('clipMerges', () => {
	it('refuses another file', () => {
		expect(() => clipMerges(gzipSync('heading\na b\n'))).toThrow(/heading and at least 48894 lines/)
		expect(() => clipMerges(new TextEncoder().encode('a b'))).toThrow(/bpe_simple_vocab_16e6.txt.gz/)
	})
})

describe('mergesOfWord', () => {
	it('applies the lowest rank first, everywhere', () => {
		const ranks = new Map(['b b', 'a b', 'bb a', 'ab a</w>'].map((pair, rank) => [pair, rank]))
		expect(mergesOfWord('abba', ranks)).toEqual([0])
		expect(mergesOfWord('abaaba', ranks)).toEqual([1, 3])
		expect(mergesOfWord('', ranks)).toEqual([])
		expect(wordsOf("It's é")).toEqual(['it', "'s", 'Ã©'])
	})
})

/** Byte symbols by byte. */
function wordsOfBytes(): string[] {
	const symbols = byteSymbols()
	const own = new Set(symbols.filter((symbol) => symbol.charCodeAt(0) < 256))
	const others = symbols.filter((symbol) => symbol.charCodeAt(0) >= 256)
	return Array.from({ length: 256 }, (_, byte) => {
		const symbol = String.fromCharCode(byte)
		return own.has(symbol) ? symbol : others.shift()!
	})
}
