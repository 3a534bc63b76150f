/** CLIP's byte-level BPE: its merges, and the merges that a word needs. */

import { gunzipSync } from 'node:zlib'
import { at } from '../../../core/at.js'
import { NaptuneError } from '../../../core/errors.js'
import { byteSymbols } from './byte-symbols.js'

/** A pair of symbols and what they become, by rank in a list. */
export type Merge = readonly [left: string, right: string]

/** Mark of a word's last symbol. */
export const endOfWord = '</w>'

/** The words CLIP splits a lower-case text into, before byte-level BPE. */
export const wordPattern = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"

/** Merges of CLIP's released models; the vocabulary file holds more, which they do not use. */
const releasedMerges = 48_894

/**
 * Reads CLIP's merges from the vocabulary file of its release.
 * @param gzipped Content of `bpe_simple_vocab_16e6.txt.gz`: a heading, then one merge per line.
 * @throws NaptuneError when the content is something else.
 */
export function clipMerges(gzipped: Uint8Array): Merge[] {
	const lines = unpack(gzipped).split('\n')
	const merges = lines.slice(1, 1 + releasedMerges).flatMap((line): Merge[] => {
		const [first, second, ...more] = line.split(' ')
		return first === undefined || second === undefined || more.length > 0 ? [] : [[first, second]]
	})
	if (merges.length !== releasedMerges) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`CLIP's vocabulary file should hold a heading and at least ${releasedMerges} lines of two symbols. ${advice}`,
		)
	}
	return merges
}

const advice = 'Give bpe_simple_vocab_16e6.txt.gz of openai/CLIP.'

function unpack(gzipped: Uint8Array): string {
	try {
		return gunzipSync(gzipped).toString('utf8')
	} catch (error) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`CLIP's vocabulary file could not be unpacked: ${(error as Error).message}. ${advice}`,
			{
				cause: error,
			},
		)
	}
}

/** The words of a text as CLIP's byte-level BPE sees them: lower case, in byte symbols. */
export function wordsOf(text: string): string[] {
	const symbols = symbolOfByte()
	const words = text.normalize('NFC').toLowerCase().match(new RegExp(wordPattern, 'gu')) ?? []
	return words.map((word) => [...Buffer.from(word, 'utf8')].map((byte) => at(symbols, byte)).join(''))
}

function symbolOfByte(): string[] {
	const table: string[] = []
	const symbols = byteSymbols()
	for (const symbol of symbols) if (symbol.charCodeAt(0) < 256) table[symbol.charCodeAt(0)] = symbol
	const others = symbols.filter((symbol) => symbol.charCodeAt(0) >= 256)
	for (let byte = 0, next = 0; byte < 256; byte++) table[byte] ??= at(others, next++)
	return table
}

/**
 * The ranks of the merges that turn a word into its final symbols. A list of merges that keeps these, in their order,
 * splits the word the same way: each step takes the lowest rank, and no other merge can come before it.
 * @param word In byte symbols, without the mark of its end.
 * @param ranks Rank of each merge by `left + ' ' + right`.
 */
export function mergesOfWord(word: string, ranks: ReadonlyMap<string, number>): number[] {
	let symbols = Array.from(word)
	if (symbols.length === 0) return []
	symbols[symbols.length - 1] += endOfWord
	const used: number[] = []
	for (;;) {
		let best = Number.POSITIVE_INFINITY
		for (let position = 0; position + 1 < symbols.length; position++) {
			best = Math.min(best, ranks.get(`${symbols[position]} ${symbols[position + 1]}`) ?? Number.POSITIVE_INFINITY)
		}
		if (best === Number.POSITIVE_INFINITY) return used
		used.push(best)
		const merged: string[] = []
		for (let position = 0; position < symbols.length; position++) {
			const symbol = at(symbols, position)
			const pair = ranks.get(`${symbol} ${symbols[position + 1]}`) === best
			merged.push(pair ? symbol + at(symbols, ++position) : symbol)
		}
		symbols = merged
	}
}
