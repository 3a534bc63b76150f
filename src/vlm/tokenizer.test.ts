import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../checkpoints/load-tokenizer.js'
import { bytePairVocabulary, tokenizerJson } from '../checkpoints/vocabulary/byte-pair-vocabulary.js'
import { clipMerges } from '../checkpoints/vocabulary/clip-merges.js'
import { type ClipTokenizer, createTokenizer } from './tokenizer.js'

interface Row {
	readonly text: string
	readonly transformers: readonly number[]
	readonly openai: readonly number[]
	readonly nano: readonly number[]
}

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const rows: readonly Row[] = JSON.parse(readFileSync(at('fixtures/clip-tokens/golden.json'), 'utf8'))
const nanoFile = at('models/nano/tokenizer.json')
const anyText = fc
	.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 30 })
	.map((codes) => String.fromCodePoint(...codes))
const clipVocabulary = at('../shared/data/bpe_simple_vocab_16e6.txt.gz')

describe("nano's tokenizer", () => {
	let nano: ClipTokenizer
	beforeAll(async () => {
		nano = await loadTokenizer(nanoFile)
	})

	it('gives the ids of transformers', () => {
		for (const { text, nano: expected } of rows) expect(nano.encode(text), text).toEqual(expected)
	})

	it('encodes any string between a start and an end token, the two highest ids', () => {
		const [start, end] = [nano.vocabularySize - 2, nano.vocabularySize - 1]
		fc.assert(
			fc.property(anyText, (text) => {
				const ids = nano.encode(text)
				expect(ids[0]).toBe(start)
				expect(ids.at(-1)).toBe(end)
				for (const id of ids) expect(id).toBeLessThan(nano.vocabularySize)
			}),
		)
	})

	it('takes half of a surrogate pair for the replacement character', () => {
		expect(nano.encode('a \ud83d b')).toEqual(nano.encode('a \ufffd b'))
	})
})

describe.skipIf(!existsSync(clipVocabulary))("CLIP's full vocabulary", () => {
	let clip: ClipTokenizer
	beforeAll(async () => {
		clip = await createTokenizer(tokenizerJson(bytePairVocabulary(clipMerges(readFileSync(clipVocabulary)))))
	})

	it("has CLIP's ids", () => {
		expect(clip.vocabularySize).toBe(49408)
		expect(clip.encode('a photo of a cat.')).toEqual([49406, 320, 1125, 539, 320, 2368, 269, 49407])
	})

	it('gives the ids of transformers', () => {
		for (const { text, transformers } of rows) expect(clip.encode(text), text).toEqual(transformers)
	})

	it('gives the ids of openai/CLIP after the clean-up', () => {
		for (const { text, openai } of rows) {
			const { ids } = clip.encodeBatch([text], { contextLength: 1000 })
			expect([...ids].map(Number), text).toEqual(openai)
		}
	})
})

describe('loading', () => {
	let folder: string
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'naptune-tokenizer-'))
	})
	afterAll(() => rm(folder, { recursive: true }))

	it.each([
		['nothing', undefined, /could not be read/],
		['half a file', '{"version": "1.0", "mod', /could not be read/],
		['a list', '[]', /should hold one JSON object/],
		['another object', '{"hello": 1}', /not a usable tokenizer/],
	])('refuses %s', async (name, content, message) => {
		const file = join(folder, `${name}.json`)
		if (content !== undefined) await writeFile(file, content)
		await expect(loadTokenizer(file)).rejects.toThrow(message)
		await expect(loadTokenizer(file)).rejects.toMatchObject({ name: 'NaptuneError' })
	})

	it('refuses a tokenizer that adds no start and end token', async () => {
		const json = JSON.parse(readFileSync(nanoFile, 'utf8'))
		await expect(createTokenizer({ ...json, post_processor: null })).rejects.toThrow(/adds no start and end token/)
	})

	it("takes the padding token of the tokenizer's settings, and the end token without them", async () => {
		const file = join(folder, 'tokenizer.json')
		await writeFile(file, readFileSync(nanoFile))
		expect((await loadTokenizer(file)).paddingId).toBe(4607)
		await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ pad_token: '!' }))
		expect((await loadTokenizer(file)).paddingId).toBe(0)
		await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ pad_token: { content: '"' } }))
		expect((await loadTokenizer(file)).paddingId).toBe(1)
		await writeFile(join(folder, 'tokenizer_config.json'), 'no JSON')
		await expect(loadTokenizer(file)).rejects.toThrow(/tokenizer_config.json could not be read/)
	})
})
