/** Finds the merges of CLIP's byte-level BPE that a word needs. */

import { endOfWord, wordPattern } from '../../../checkpoints/vocabulary/byte-pair-vocabulary.js'
import { byteSymbols } from '../../../checkpoints/vocabulary/byte-symbols.js'
import { at } from '../../../core/at.js'

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
 * @param word In byte symbols, without the end-of-word mark.
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
