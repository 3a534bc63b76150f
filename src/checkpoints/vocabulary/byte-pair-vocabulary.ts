/** Byte-level BPE as CLIP has it: tokens of a list of merges, and the `tokenizer.json` that they make. */

import { defined } from '../../core/defined.js'
import { byteSymbols } from './byte-symbols.js'

/** A pair of symbols and what they become, by rank in a list. */
export type Merge = readonly [left: string, right: string]

/** Mark of a word's last symbol. */
export const endOfWord = '</w>'

/** The words CLIP splits a lower-case text into, before byte-level BPE. */
export const wordPattern = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"

/** Text of the token that starts every sequence. */
export const startToken = '<|startoftext|>'
/** Text of the token that ends every sequence. */
export const endToken = '<|endoftext|>'

/** Vocabulary and merges of a byte-level BPE. */
export interface BytePairVocabulary {
	/** Tokens by id: bytes, bytes at a word's end, merges by rank, start, end. */
	readonly tokens: readonly string[]
	/** Merges by rank. */
	readonly merges: readonly Merge[]
}

/** The vocabulary of a list of merges in CLIP's order of ids. With all of CLIP's merges it is CLIP's own. */
export function bytePairVocabulary(merges: readonly Merge[]): BytePairVocabulary {
	const bytes = byteSymbols()
	const tokens = [
		...bytes,
		...bytes.map((symbol) => symbol + endOfWord),
		...merges.map((pair) => pair.join('')),
		startToken,
		endToken,
	]
	return { tokens, merges }
}

/** The parsed `tokenizer.json` of a vocabulary, with CLIP's normalisation, splitting and special tokens. */
export function tokenizerJson({ tokens, merges }: BytePairVocabulary) {
	return clipTokenizer({
		vocabulary: idsByToken(tokens),
		merges: merges.map((pair) => pair.join(' ')),
		start: tokens.length - 2,
		end: tokens.length - 1,
		ignoreMerges: false,
	})
}

/** What a `tokenizer.json` of CLIP holds that differs between vocabularies. */
export interface ClipTokenizerParts {
	/** Ids by token. */
	readonly vocabulary: Readonly<Record<string, number>>
	/** Pairs of tokens with a space between, by rank. */
	readonly merges: readonly string[]
	/** Ids of the tokens that start and end every sequence. */
	readonly start: number
	readonly end: number
	/** The key `ignore_merges`, which files of older versions lack. */
	readonly ignoreMerges?: boolean
}

/** The parsed `tokenizer.json` of CLIP with these tokens. */
export function clipTokenizer({ vocabulary, merges, start, end, ignoreMerges }: ClipTokenizerParts) {
	const added = (id: number, content: string, normalized: boolean) => ({
		id,
		content,
		single_word: false,
		lstrip: false,
		rstrip: false,
		normalized,
		special: true,
	})
	return {
		version: '1.0',
		truncation: null,
		padding: null,
		added_tokens: [added(start, startToken, true), added(end, endToken, false)],
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
				{ type: 'Split', pattern: { Regex: wordPattern }, behavior: 'Removed', invert: true },
				{ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
			],
		},
		post_processor: {
			type: 'RobertaProcessing',
			sep: [endToken, end],
			cls: [startToken, start],
			trim_offsets: false,
			add_prefix_space: false,
		},
		decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
		model: {
			type: 'BPE',
			dropout: null,
			unk_token: endToken,
			continuing_subword_prefix: '',
			end_of_word_suffix: endOfWord,
			fuse_unk: false,
			byte_fallback: false,
			...defined({ ignore_merges: ignoreMerges }),
			vocab: vocabulary,
			merges,
		},
	}
}

/** Ids of tokens by their text. */
export function idsByToken(tokens: readonly string[]): Record<string, number> {
	return Object.fromEntries(tokens.map((token, id) => [token, id]))
}
