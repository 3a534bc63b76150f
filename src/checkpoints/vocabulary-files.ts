/** Tokenizers as older checkpoints have them: `vocab.json` and `merges.txt` instead of `tokenizer.json`. */

import { join } from 'node:path'
import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { readJsonFile } from '../files/json-file.js'
import { readTextFile } from '../files/text/read-text.js'

/** Their names. */
export const vocabularyFiles = ['vocab.json', 'merges.txt'] as const

const vocabularySchema = z.record(z.string(), z.int().nonnegative())

/**
 * What transformers makes of the two files: the content of the `tokenizer.json` that it would write.
 * @param directory That holds them.
 * @throws NaptuneError naming the file when one is missing or not of its form, or lacks CLIP's start and end token.
 */
export async function tokenizerOfVocabulary(directory: string): Promise<object> {
	const [vocabularyFile, mergesFile] = vocabularyFiles.map((name) => join(directory, name)) as [string, string]
	const parsed = vocabularySchema.safeParse(await readJsonFile(vocabularyFile))
	if (!parsed.success) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${vocabularyFile} is not a vocabulary: {"token": id}, with whole numbers as ids. Fetch it again.`,
		)
	}
	const vocabulary = parsed.data
	const token = (content: string) => {
		const id = vocabulary[content]
		if (id !== undefined) return { content, id }
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${vocabularyFile} has no token ${content}; the vocabulary of a CLIP is expected.`,
		)
	}
	const start = token('<|startoftext|>')
	const end = token('<|endoftext|>')
	const special = { single_word: false, lstrip: false, rstrip: false, special: true }
	return {
		version: '1.0',
		truncation: null,
		padding: null,
		added_tokens: [start, end].map(({ content, id }) => ({
			id,
			content,
			normalized: content === start.content,
			...special,
		})),
		normalizer: {
			type: 'Sequence',
			normalizers: [
				{ type: 'NFC' },
				{ type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
				{ type: 'Lowercase' },
			],
		},
		pre_tokenizer: {
			type: 'Sequence',
			pretokenizers: [
				{
					type: 'Split',
					pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
					behavior: 'Removed',
					invert: true,
				},
				{ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
			],
		},
		post_processor: {
			type: 'RobertaProcessing',
			sep: [end.content, end.id],
			cls: [start.content, start.id],
			trim_offsets: false,
			add_prefix_space: false,
		},
		decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
		model: {
			type: 'BPE',
			dropout: null,
			unk_token: end.content,
			continuing_subword_prefix: '',
			end_of_word_suffix: '</w>',
			fuse_unk: false,
			byte_fallback: false,
			vocab: vocabulary,
			merges: merges(await readTextFile(mergesFile), mergesFile, vocabulary),
		},
	}
}

/** Pairs of tokens, one a line; the first line says the version. */
function merges(text: string, path: string, vocabulary: Readonly<Record<string, number>>): string[] {
	const lines = text.split(/\r?\n/)
	return lines.flatMap((line, at) => {
		if (line.trim() === '' || (at === 0 && line.includes('#version'))) return []
		const parts = line.split(' ')
		if (parts.length === 2 && parts.every((part) => Object.hasOwn(vocabulary, part))) return [line]
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path}, line ${at + 1}, is ${JSON.stringify(line.slice(0, 80))}; two tokens of vocab.json with a space between are expected. Take both files from one checkpoint.`,
		)
	})
}
