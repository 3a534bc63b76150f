import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadTokenizer } from '../../dist/checkpoints/load-tokenizer.js'
import { projectPath } from '../files.mjs'

const texts = ['a photo of a cat.', '', 'Ünïcode 日本語 🐱 \ud83d', 'x'.repeat(300), '&lt;b&gt; 1234 !!! \u0000']

/** Nano's, with a vocabulary that is small enough to be changed often. */
export default {
	async prepare() {
		const json = JSON.parse(await readFile(projectPath('models/nano/tokenizer.json'), 'utf8'))
		const letters = Object.fromEntries(Object.entries(json.model.vocab).filter(([, id]) => id < 512 || id >= 4606))
		const merges = json.model.merges.filter((merge) => {
			const [a, b] = Array.isArray(merge) ? merge : merge.split(' ')
			return [a, b, a + b].every((token) => Object.hasOwn(letters, token))
		})
		const small = { ...json, model: { ...json.model, vocab: letters, merges } }
		const unigram = {
			...json,
			added_tokens: [],
			pre_tokenizer: { type: 'Metaspace', replacement: '▁', add_prefix_space: true },
			post_processor: {
				type: 'TemplateProcessing',
				single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
				pair: [],
				special_tokens: {},
			},
			model: {
				type: 'Unigram',
				unk_id: 0,
				vocab: [
					['<unk>', 0],
					['</s>', 0],
					['▁', -1],
					['a', -2],
					['b', -3],
					['▁a', -2.5],
				],
			},
		}
		const settings = { pad_token: '!', eos_token: { content: '<|endoftext|>' }, additional_special_tokens: ['<|x|>'] }
		return {
			inputs: [small, small, unigram].map((one) => ({
				'tokenizer.json': Buffer.from(JSON.stringify(one)),
				'tokenizer_config.json': Buffer.from(JSON.stringify(settings)),
			})),
		}
	},
	async read(folder) {
		const { encode, encodeBatch } = await loadTokenizer(join(folder, 'tokenizer.json'), 4608)
		for (const text of texts) encode(text)
		encodeBatch(texts, { contextLength: 77, truncate: true, vocabularySize: 4608, endTokenId: 4607, eosRule: 'argmax' })
	},
}
