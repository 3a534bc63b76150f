/**
 * A small tokenizer made from CLIP's: all 256 bytes (alone and at a word's end), so that any string can be encoded, the
 * most frequent merges, and every merge that the given texts need. Text whose merges were kept splits exactly as in
 * CLIP; only the ids differ.
 */

import { at } from '../../../core/at.js'
import { NaptuneError } from '../../../core/errors.js'
import { byteSymbols } from './byte-symbols.js'
import { endOfWord, type Merge, mergesOfWord, wordPattern, wordsOf } from './clip-vocabulary.js'

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

/**
 * Chooses the merges to keep: all that the texts need, then CLIP's in their own order until the vocabulary is full.
 * @param merges All merges of CLIP, by rank.
 * @param texts Texts to be split as in CLIP.
 * @param vocabularySize Number of tokens, bytes and the two special ones included.
 * @throws NaptuneError when the texts alone need more tokens than that.
 */
export function pruneVocabulary(
	merges: readonly Merge[],
	texts: Iterable<string>,
	vocabularySize: number,
): BytePairVocabulary {
	const ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]))
	const words = new Set<string>()
	for (const text of texts) for (const word of wordsOf(text)) words.add(word)
	const kept = new Set<number>()
	for (const word of words) for (const rank of mergesOfWord(word, ranks)) kept.add(rank)
	const room = vocabularySize - 512 - 2
	if (kept.size > room) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The texts need ${kept.size} merges, but a vocabulary of ${vocabularySize} tokens has room for ${room}. Allow more tokens or give fewer texts.`,
		)
	}
	for (let rank = 0; kept.size < room && rank < merges.length; rank++) kept.add(rank)
	return bytePairVocabulary([...kept].sort((a, b) => a - b).map((rank) => at(merges, rank)))
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

/**
 * The files that openai/clip-vit-base-patch16 has for its tokenizer, by name.
 * @param contextLength Longest sequence of the model, start and end included.
 */
export function tokenizerFiles(vocabulary: BytePairVocabulary, contextLength: number): Record<string, string> {
	const { tokens, merges } = vocabulary
	const special = (content: string) => ({ content, single_word: false, lstrip: false, rstrip: false, normalized: true })
	const named = { bos_token: special(startToken), eos_token: special(endToken), unk_token: special(endToken) }
	const settings = {
		...Object.fromEntries(Object.entries(named).map(([key, value]) => [key, { __type: 'AddedToken', ...value }])),
		pad_token: endToken,
		add_prefix_space: false,
		errors: 'replace',
		do_lower_case: true,
		model_max_length: contextLength,
		tokenizer_class: 'CLIPTokenizer',
	}
	return {
		'tokenizer.json': lines(tokenizerJson(vocabulary)),
		'tokenizer_config.json': lines(settings),
		'special_tokens_map.json': lines({ ...named, pad_token: endToken }),
		'vocab.json': `${JSON.stringify(idsByToken(tokens))}\n`,
		'merges.txt': `#version: 0.2\n${merges.map((pair) => pair.join(' ')).join('\n')}\n`,
	}
}

/** The parsed `tokenizer.json` of a vocabulary, with CLIP's normalisation, splitting and special tokens. */
export function tokenizerJson(vocabulary: BytePairVocabulary) {
	const { tokens, merges } = vocabulary
	const start = tokens.length - 2
	const end = tokens.length - 1
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
			ignore_merges: false,
			vocab: idsByToken(tokens),
			merges: merges.map((pair) => pair.join(' ')),
		},
	}
}

function idsByToken(tokens: readonly string[]): Record<string, number> {
	return Object.fromEntries(tokens.map((token, id) => [token, id]))
}

function lines(json: unknown): string {
	return `${JSON.stringify(json, null, '\t')}\n`
}
