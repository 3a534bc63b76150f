import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { at } from '../core/at.js'
import { createTokenizer } from '../vlm/tokenizer.js'
import { familyFixture } from './families.test.support.js'
import { loadTokenizer } from './load-tokenizer.js'
import { packagedTokenizer } from './vocabulary/packaged-tokenizer.js'

type Ids = readonly (readonly number[])[]
const { texts, ...expected } = JSON.parse(
	gunzipSync(readFileSync(familyFixture('token-ids.json.gz'))).toString('utf8'),
) as { texts: readonly string[]; open_clip: Ids; siglip: Ids; siglip2: Ids }

/** Texts whose ids differ, with both. */
function different(encode: (text: string) => readonly number[], ids: Ids) {
	return texts.flatMap((text, row) => {
		const [found, wanted] = [encode(text), at(ids, row)]
		return found.length === wanted.length && found.every((id, place) => id === wanted[place])
			? []
			: [{ text, found, wanted }]
	})
}

describe('ids of 2,000 hard texts', () => {
	it('are many', () => {
		expect(texts.length).toBe(2000)
	})

	it("open_clip's, from the vocabulary that comes with the package", async () => {
		const tokenizer = await createTokenizer(await packagedTokenizer())
		expect(tokenizer.vocabularySize).toBe(49408)
		const encode = (text: string) =>
			[...tokenizer.encodeBatch([text], { contextLength: 77, truncate: true }).ids].map(Number)
		expect(different(encode, expected.open_clip)).toEqual([])
	})

	it("SigLIP's, a Unigram without punctuation", async () => {
		const tokenizer = await loadTokenizer(familyFixture('siglip/tokenizer.json'))
		expect(different(tokenizer.encode, expected.siglip)).toEqual([])
		expect(tokenizer.paddingId).toBe(1)
	})

	it("SigLIP 2's, a byte-pair encoding with bytes to fall back on", async () => {
		const tokenizer = await loadTokenizer(familyFixture('siglip2-tokenizer/tokenizer.json'))
		expect(different(tokenizer.encode, expected.siglip2)).toEqual([])
		expect(tokenizer.paddingId).toBe(0)
	})
})
