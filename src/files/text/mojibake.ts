/** Undoes UTF-8 that was read as Latin-1 or Windows-1252 ("Ã©" for "é"), like ftfy's `fix_encoding`. */

import { at } from '../../core/at.js'
import { looksLikeMojibake } from './mojibake-signs.js'
import { windows1252Characters } from './windows-1252.js'

/** Byte of each character; ASCII is in both. Latin-1 has every byte as its own code. */
type Encoding = ReadonlyMap<string, number>

/** Programs turn unreadable bytes into U+FFFD; the unused control character 0x1A stands for such a byte. */
const lostByte = 0x1a

const allBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const latin1: Encoding = new Map([...allBytes].map((byte) => [String.fromCharCode(byte), byte]))
const windows1252: Encoding = new Map(
	windows1252Characters.map((character, byte) => [byte === lostByte ? '\ufffd' : character, byte]),
)

/** @returns The text with all recognised encoding mistakes undone; otherwise the same text. */
export function fixEncoding(text: string): string {
	for (let before = text; ; ) {
		const after = fixOneLayer(before)
		if (after === before) return restoreC1(after)
		before = after
	}
}

function fixOneLayer(text: string): string {
	if (!looksLikeMojibake(text)) return text
	for (const encoding of [latin1, windows1252]) {
		const fixed = readAgain(text, encoding)
		if (fixed !== undefined) return fixed
	}
	const fixedInParts = fixParts(text)
	return fixedInParts !== text ? fixedInParts : restoreC1(text)
}

/** @returns The bytes of the text read as UTF-8; undefined if the text has no such bytes, or they are not UTF-8. */
function readAgain(text: string, encoding: Encoding): string | undefined {
	const bytes: number[] = []
	for (const character of text) {
		const byte = encoding.get(character)
		if (byte === undefined) return undefined
		bytes.push(byte)
	}
	const restored = restoreNoBreakSpaces(bytes.map((byte) => String.fromCharCode(byte)).join(''))
	const complete = encoding === windows1252 ? replaceLostSequences(restored) : restored
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
			Uint8Array.from(complete, (character) => character.charCodeAt(0)),
		)
	} catch {
		return undefined
	}
}

/** Some programs turn byte 0xA0 into a space. Restores it where it completes a likely character. */
function restoreNoBreakSpaces(bytes: string): string {
	return bytes
		.replace(/\xc3 (?! |quele|quela|quilo|s )/g, '\xc3\xa0 ')
		.replace(
			/[\xc2\xc3\xc5\xce\xd0\xd9] |[\xe2\xe3] [\x80-\x84\x86-\x9f\xa1-\xbf]|[\xe0-\xe3][\x80-\x84\x86-\x9f\xa1-\xbf] |\xf0(?: [\x80-\xbf]{2}|[\x80-\xbf] [\x80-\xbf]|[\x80-\xbf]{2} )/g,
			(sequence) => sequence.replaceAll(' ', '\xa0'),
		)
}

/** UTF-8 of U+FFFD, as a string of bytes. */
const replacement = '\xef\xbf\xbd'

/** Bytes of a sequence: lost ones (at most one of them as "?"), or any that may follow a first byte. */
const lost = '[\\x1a?]'
const following = '[\\x1a\\x80-\\xbf]'
const lostSequence = new RegExp(
	[
		'[\\xc2-\\xdf]\\x1a',
		'[\\xc2\\xc3]\\?',
		`[\\xe0-\\xef](?:${lost}${following}|${following}${lost})`,
		`[\\xf0-\\xf4](?:${lost}${following}{2}|${following}${lost}${following}|${following}{2}${lost})`,
		'\\x1a',
	].join('|'),
	'g',
)

/** A sequence with lost bytes cannot be decoded, but it was one character. */
function replaceLostSequences(bytes: string): string {
	return bytes.replace(lostSequence, replacement)
}

/** Characters that bytes of UTF-8 become, a space for a no-break space included. */
const ordinary = ' –—‘’‚“”„•…'
const continuation = classOf(0x80, 0xbf)
const unlikelyContinuation = [...continuation].filter((character) => !ordinary.includes(character)).join('')
const part = new RegExp(
	`(?<![${unlikelyContinuation}])(?:[${classOf(0xc2, 0xdf)}][ ${continuation}]|[${classOf(0xe0, 0xef)}][ ${continuation}]{2}|[ðó][ ${continuation}]{3})+`,
	'gu',
)

function classOf(first: number, final: number): string {
	const both = [...allBytes.subarray(first, final + 1)].flatMap((byte) => [
		String.fromCharCode(byte),
		at(windows1252Characters, byte),
	])
	return [...new Set(both)].join('')
}

/** Undoes mistakes in parts of an otherwise correct text. */
function fixParts(text: string): string {
	return text.replace(part, (found) =>
		found.length < text.length && looksLikeMojibake(found) ? fixEncoding(found) : found,
	)
}

/** The controls U+0080 to U+009F have no use in text: they are Windows-1252 read as Latin-1. */
function restoreC1(text: string): string {
	return text.replace(/[\x80-\x9f]/g, (character) => at(windows1252Characters, character.charCodeAt(0)))
}
