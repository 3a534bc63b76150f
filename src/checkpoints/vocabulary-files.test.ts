import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { type ClipTokenizer, createTokenizer } from '../vlm/tokenizer.js'
import { loadTokenizer } from './load-tokenizer.js'
import { tokenizerOfVocabulary } from './vocabulary-files.js'

const nano = fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url))
let json: { model: { vocab: Record<string, number>; merges: (string | string[])[] } }
let published: ClipTokenizer
let golden: { text: string; nano: number[] }[]

beforeAll(async () => {
	json = JSON.parse(await readFile(nano, 'utf8'))
	published = await loadTokenizer(nano)
	const texts = new URL('../../fixtures/clip-tokens/golden.json', import.meta.url)
	golden = JSON.parse(await readFile(texts, 'utf8'))
})

async function folder(vocabulary: unknown = json.model.vocab, head = '#version: 0.2\n', tail = '\n'): Promise<string> {
	const path = await temporaryFolder()
	await writeFile(join(path, 'vocab.json'), JSON.stringify(vocabulary))
	const lines = json.model.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')))
	await writeFile(join(path, 'merges.txt'), head + lines.join('\n') + tail)
	return path
}

describe('tokenizerOfVocabulary', () => {
	it.each(['#version: 0.2\n', '"bpe_simple_vocab_16e6.txt#version: 0.2\n', ''])(
		'gives the ids of tokenizer.json, with the head %j',
		async (head) => {
			const tokenizer = await createTokenizer(await tokenizerOfVocabulary(await folder(undefined, head)))
			expect(tokenizer.vocabularySize).toBe(published.vocabularySize)
			expect(tokenizer.paddingId).toBe(published.paddingId)
			for (const { text, nano } of golden) expect(tokenizer.encode(text)).toEqual(nano)
		},
	)

	it('refuses what belongs to no CLIP', async () => {
		await expect(tokenizerOfVocabulary(await folder({ a: 0 }))).rejects.toThrow(
			/vocab\.json has no token <\|startoftext\|>/,
		)
		await expect(tokenizerOfVocabulary(await folder({ a: -1 }))).rejects.toThrow(/vocab\.json is not a vocabulary/)
		await expect(tokenizerOfVocabulary(await folder(['a']))).rejects.toThrow(/vocab\.json is not a vocabulary/)
		await expect(tokenizerOfVocabulary(await folder(undefined, '', '\nnot in it'))).rejects.toThrow(
			/merges\.txt, line \d+, is "not in it"; expected two tokens of vocab\.json/,
		)
		await expect(tokenizerOfVocabulary(await temporaryFolder())).rejects.toThrow(/vocab\.json is missing/)
	})
})
