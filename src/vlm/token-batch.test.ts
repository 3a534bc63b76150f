import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../checkpoints/load-tokenizer.js'
import { endPositionRows } from './token-batch.js'
import type { ClipTokenizer } from './tokenizer.js'

const endToken = 4607

describe('a batch of texts', () => {
	let nano: ClipTokenizer
	beforeAll(async () => {
		nano = await loadTokenizer(fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url)))
	})
	const row = (ids: BigInt64Array, index: number, length: number) =>
		[...ids.subarray(index * length, (index + 1) * length)].map(Number)

	it('is as long as its longest text and padded behind each end token', () => {
		const texts = ['a cat', 'a photo of a cat.', '']
		const { ids, count, length, endPositions } = nano.encodeBatch(texts, { contextLength: 77 })
		expect([count, length]).toEqual([3, 8])
		expect([...endPositions]).toEqual([3, 7, 1])
		expect(row(ids, 0, 8)).toEqual([...nano.encode('a cat'), endToken, endToken, endToken, endToken])
		expect(row(ids, 1, 8)).toEqual(nano.encode('a photo of a cat.'))
	})

	it('takes another length', () => {
		const { ids, length } = nano.encodeBatch(['a cat'], { contextLength: 77, padTo: 77 })
		expect([length, ids.length]).toEqual([77, 77])
		const tooShort = () => nano.encodeBatch(['a photo of a cat.'], { contextLength: 77, padTo: 5 })
		expect(tooShort).toThrow(/Rows of 5 tokens were requested; the longest text has 8/)
		expect(() => nano.encodeBatch(['a cat'], { contextLength: 77, padTo: 78 })).toThrow(/at most 77/)
		expect(() => nano.encodeBatch(['a cat'], { contextLength: 77, padTo: 8.5 })).toThrow(/Rows of 8.5/)
	})

	it('may be empty', () => {
		const { ids, count, length } = nano.encodeBatch([], { contextLength: 77 })
		expect([ids.length, count, length]).toEqual([0, 0, 0])
	})

	it('cleans up unless told not to', () => {
		const texts = ['caf&eacute; it’s']
		const cleaned = nano.encodeBatch(texts, { contextLength: 77 })
		expect([...cleaned.ids].map(Number)).toEqual(nano.encode("café it's"))
		const raw = nano.encodeBatch(texts, { contextLength: 77, cleanUp: false })
		expect([...raw.ids].map(Number)).toEqual(nano.encode('caf&eacute; it’s'))
	})

	it('refuses a text that is too long, with its length, and cuts it when asked', () => {
		const long = Array.from({ length: 100 }, () => 'cat').join(' ')
		expect(() => nano.encodeBatch(['a cat', long], { contextLength: 77 })).toThrow(
			/The text "cat cat.*…" has 102 tokens; the model reads at most 77/,
		)
		const { ids, length, endPositions } = nano.encodeBatch([long], { contextLength: 77, truncate: true })
		expect(length).toBe(77)
		expect([...endPositions]).toEqual([76])
		expect(row(ids, 0, 77)).toEqual([...nano.encode(long).slice(0, 76), endToken])
	})

	it('finds the end by either rule, the first where the text itself holds an end token', () => {
		const text = ['a <|endoftext|> cat']
		const highest = nano.encodeBatch(text, { contextLength: 77, eosRule: 'argmax' })
		expect([...highest.endPositions]).toEqual([2])
		const first = nano.encodeBatch(text, { contextLength: 77, eosRule: 'first-match', endTokenId: endToken })
		expect([...first.endPositions]).toEqual([2])
		const dot = nano.encode('.')[1]!
		const other = nano.encodeBatch(['a cat. b.'], { contextLength: 77, eosRule: 'first-match', endTokenId: dot })
		expect([...other.endPositions]).toEqual([3])
	})

	it('refuses a config of another model', () => {
		expect(() => nano.encodeBatch(['a cat'], { contextLength: 77, eosRule: 'first-match', endTokenId: 49407 })).toThrow(
			/do not hold the end token 49407/,
		)
		expect(() => nano.encodeBatch(['a cat'], { contextLength: 77, vocabularySize: 1000 })).toThrow(
			/has the token \d+, but the model has only 1000/,
		)
	})

	it('marks the end positions for the text tower', () => {
		const batch = nano.encodeBatch(['cat', 'a cat'], { contextLength: 77 })
		expect([...endPositionRows(batch)]).toEqual([0, 0, 1, 0, 0, 0, 0, 1])
	})
})
