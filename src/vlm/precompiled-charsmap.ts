/**
 * SentencePiece's precompiled normalisation, as the `tokenizers` library of Hugging Face applies it (its crate
 * `spm_precompiled`): a double array of UTF-8 prefixes (darts-clone) and the texts that replace them. The JavaScript library
 * only approximates it by NFKC.
 */

import { NaptuneError } from '../core/errors.js'

/** Bytes of the longest cluster of characters that is looked up as a whole. */
const longestCluster = 5
/** Bytes of a map; SentencePiece's largest has 240,000. */
const longestMap = 4_000_000

/**
 * The normalisation of a `precompiled_charsmap`.
 * @param base64 As in a `tokenizer.json`.
 * @param name Of the file, for errors.
 * @throws NaptuneError when it is not such a map.
 */
export function precompiledCharsmap(base64: string, name: string): (text: string) => string {
	const { units, texts } = parsed(base64, name)
	const encoder = new TextEncoder()
	const decoder = new TextDecoder()
	const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

	/** What replaces the shortest prefix that the map knows. */
	const replacement = (text: string): string | undefined => {
		let position = offsetOf(units[0] ?? 0)
		for (const byte of encoder.encode(text)) {
			if (byte === 0) return undefined
			position ^= byte
			const unit = units[position]
			if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined
			position ^= offsetOf(unit)
			if (((unit >>> 8) & 1) === 1) {
				const start = (units[position] ?? 0) & 0x7fffffff
				const end = texts.indexOf(0, start)
				return decoder.decode(texts.subarray(start, end < 0 ? texts.length : end))
			}
		}
		return undefined
	}

	return (text) => {
		let result = ''
		for (const { segment } of segmenter.segment(text)) {
			const whole = utf8Length(segment) <= longestCluster ? replacement(segment) : undefined
			if (whole !== undefined) result += whole
			else for (const character of segment) result += replacement(character) ?? character
		}
		return result
	}
}

function parsed(base64: string, name: string): { readonly units: Uint32Array; readonly texts: Uint8Array } {
	const damaged = (what: string) =>
		new NaptuneError('NAP_FILE_INVALID', `${name} is damaged: its precompiled_charsmap ${what}. Fetch it again.`)
	let bytes: Uint8Array
	try {
		bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
	} catch (error) {
		throw damaged(`is not base64 (${(error as Error).message})`)
	}
	if (bytes.length > longestMap) throw damaged(`has ${bytes.length} bytes`)
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
	const length = bytes.length >= 4 ? view.getUint32(0, true) : 0
	if (length === 0 || length % 4 !== 0 || 4 + length > bytes.length) throw damaged(`has a table of ${length} bytes`)
	const units = Uint32Array.from({ length: length / 4 }, (_, index) => view.getUint32(4 + 4 * index, true))
	return { units, texts: bytes.subarray(4 + length) }
}

/** Where the children of a unit lie, relative to it. */
function offsetOf(unit: number): number {
	return (unit >>> 10) << ((unit & 0x200) >>> 6)
}

function utf8Length(text: string): number {
	let length = 0
	for (const character of text) {
		const code = character.codePointAt(0) ?? 0
		length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
	}
	return length
}
