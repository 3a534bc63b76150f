/**
 * A small tokenizer made from CLIP's: all 256 bytes (alone and at a word's end), so that any string can be encoded, the
 * most frequent merges, and every merge that the given texts need. Text whose merges were kept splits exactly as in
 * CLIP; only the ids differ.
 */

import {
	type BytePairVocabulary,
	bytePairVocabulary,
	endToken,
	idsByToken,
	type Merge,
	startToken,
	tokenizerJson,
} from '../../../checkpoints/vocabulary/byte-pair-vocabulary.js'
import { at } from '../../../core/at.js'
import { NaptuneError } from '../../../core/errors.js'
import { mergesOfWord, wordsOf } from './clip-vocabulary.js'

/**
 * Chooses the merges to keep: all that the texts need, then CLIP's in order until the vocabulary is full.
 * @param merges All merges of CLIP, by rank.
 * @param texts Texts that must split as in CLIP.
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

/**
 * The tokenizer files of a folder like openai/clip-vit-base-patch16, by name.
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

function lines(json: unknown): string {
	return `${JSON.stringify(json, null, '\t')}\n`
}
