import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadTokenizer } from '../checkpoints/load-tokenizer.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { createTokenizer } from './tokenizer.js'

// biome-ignore lint/suspicious/noExplicitAny: these tests change any part of it.
type Json = any
const nano: Json = JSON.parse(
	readFileSync(fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url)), 'utf8'),
)

/** Nano's tokenizer with one part changed. */
function changed(change: (json: Json) => void): object {
	const json = structuredClone(nano)
	change(json)
	return json
}

/** Refused by an error of ours that says this, fast. */
async function refused(json: object, message: RegExp, modelTokens?: number): Promise<void> {
	const start = performance.now()
	const error: unknown = await createTokenizer(json, defined({ modelTokens })).catch((error: unknown) => error)
	expect(error).toBeInstanceOf(NaptuneError)
	expect((error as Error).message).toMatch(message)
	expect((error as Error).message.length).toBeLessThan(1000)
	// It took minutes, or all memory; what is left is far below a second.
	expect(performance.now() - start).toBeLessThan(10_000)
}

describe('ids of tokens', () => {
	it.each([3_075_000_000, -1, 1.5, 2 ** 53, 1e300, '7', null, [1], { a: 1 }, true])(
		'must be whole numbers below vocab_size: %j',
		async (id) => {
			const json = changed(({ model }) => {
				model.vocab.cat = id
			})
			await refused(
				json,
				/the id of "cat" in model\.vocab is .*; expected whole numbers from 0 to 4607, as the model has 4608 tokens \(vocab_size/,
				4608,
			)
			await refused(json, /the id of "cat" in model\.vocab is .*; expected whole numbers from 0 to 262143/)
		},
	)

	it('of added tokens, too; there may be more of them than the model has', async () => {
		for (const id of [3_075_000_000, -1, '4606', 1.5]) {
			await refused(
				changed(({ added_tokens }) => {
					added_tokens[0].id = id
				}),
				/added_tokens\.0\.id is wrong|the id of the added token "<\|startoftext\|>" is/,
				4608,
			)
		}
		const padded = changed(({ added_tokens }) => added_tokens.push({ id: 4608, content: '[PAD]' }))
		expect((await createTokenizer(padded, { modelTokens: 4608 })).vocabularySize).toBe(4609)
	})

	it('pad by a whole number', async () => {
		for (const id of [-5, 1.5, 1e300]) {
			await refused(
				changed((json) => {
					json.padding = { pad_id: id }
				}),
				/padding\.pad_id is wrong/,
			)
		}
	})
})

describe('fields', () => {
	it.each([
		['post_processor.sep', (json: Json) => delete json.post_processor.sep],
		['post_processor.cls', (json: Json) => delete json.post_processor.cls],
		['post_processor', (json: Json) => delete json.post_processor],
		['model.merges', (json: Json) => delete json.model.merges],
		['model.vocab', (json: Json) => delete json.model.vocab],
		['model', (json: Json) => delete json.model],
		['normalizer.normalizers', (json: Json) => delete json.normalizer.normalizers],
		['pre_tokenizer.pretokenizers.0.pattern', (json: Json) => delete json.pre_tokenizer.pretokenizers[0].pattern],
		['added_tokens', (json: Json) => delete json.added_tokens],
		['added_tokens.1.content', (json: Json) => delete json.added_tokens[1].content],
	])('%s must be there', async (field, remove) => {
		await refused(changed(remove), new RegExp(`${field.replaceAll('.', '\\.')} is (wrong or missing|undefined)`))
	})

	it('of a Unigram model are numbers', async () => {
		const model = { type: 'Unigram', unk_id: '.', vocab: [['a', 0]] }
		await refused({ ...nano, model }, /model\.unk_id is wrong/)
	})

	it('of parts that the library does not know are named', async () => {
		await refused(
			changed((json) => {
				json.normalizer.normalizers[0].type = 'NFX'
			}),
			/normalizer\.normalizers\.0/,
		)
	})

	it.each([
		[7, /model\.merges is 7/],
		[['a b', 7], /entry 1 of model\.merges is 7/],
		[[['a', 'b'], 'a b'], /entry 1 of model\.merges is "a b"/],
		[[['a', 'b', 'c']], /entry 0 of model\.merges/],
	])('merges are pairs: %j', async (merges, message) => {
		await refused(
			changed(({ model }) => {
				model.merges = merges
			}),
			message,
		)
	})

	it('name tokens of the vocabulary', async () => {
		const json: Json = changed(({ post_processor }) => {
			post_processor.sep = ['<|nothing|>', 4607]
		})
		await refused(json, /the token "<\|nothing\|>" of its post_processor is not in its vocabulary/)
		json.post_processor.sep = ['<|endoftext|>', 5]
		await refused(json, /has the id 5 in its post_processor and 4607 in its vocabulary/)
		// Where the token for what is unknown is itself unknown, each text has to be in the vocabulary.
		const partial = changed(({ model }) => {
			model.unk_token = 'none'
			for (const token of Object.keys(model.vocab))
				if (token.includes('é') || token.includes('Ã')) delete model.vocab[token]
		})
		const { encode } = await createTokenizer(partial)
		expect(() => encode('café')).toThrow(/is not in its vocabulary/)
	})

	it('of its settings are checked, too', async () => {
		const file = join(await temporaryFolder(), 'tokenizer.json')
		await writeFile(file, JSON.stringify(nano))
		await writeFile(join(file, '..', 'tokenizer_config.json'), '{"additional_special_tokens": 7}')
		await expect(loadTokenizer(file)).rejects.toThrow(
			/in the tokenizer_config\.json beside it, additional_special_tokens is wrong/,
		)
	})
})

describe('what takes all time or memory is refused', () => {
	it('levels', async () => {
		let deep: unknown = {}
		for (let level = 0; level < 1e6; level++) deep = { normalizers: [deep], type: 'Sequence' }
		await refused({ ...nano, normalizer: deep }, /more than 24 levels/)
		await refused({ ...nano, extra: deep }, /more than 24 levels/)
	})

	it('patterns that backtrack', async () => {
		const json = changed((json) => {
			json.pre_tokenizer.pretokenizers[0].pattern.Regex = '(?:[a-z]+)+!'
		})
		await refused(json, /the pattern "\(\?:\[a-z\]\+\)\+!" repeats a group/)
	})

	it('rewritings that double a text again and again', async () => {
		const twice = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' }
		await refused({ ...nano, normalizer: { type: 'Sequence', normalizers: new Array(40).fill(twice) } }, /times longer/)
		await refused(
			{ ...nano, normalizer: { type: 'Sequence', normalizers: new Array(65).fill({ type: 'NFC' }) } },
			/parts/,
		)
	})

	it('trees of characters', async () => {
		const added = Array.from({ length: 20_000 }, (_, at) => ({ id: at, content: `${at}`.padEnd(200, 'x') }))
		expect(added.length * 200).toBe(4_000_000)
		await refused({ ...nano, added_tokens: [...added, added[0]] }, /added_tokens is wrong/)
		const pieces = Array.from({ length: 100 }, () => ['x'.repeat(50_000), 0])
		await refused({ ...nano, model: { type: 'Unigram', unk_id: 0, vocab: pieces } }, /more than 4000000 characters/)
	})

	it('a file of 100 MB', async () => {
		const file = join(await temporaryFolder(), 'tokenizer.json')
		await writeFile(file, Buffer.alloc(100_000_000, '['))
		await expect(loadTokenizer(file)).rejects.toThrow(/it has 100000000 bytes; expected at most 64000000/)
	})
})
