/** HTML entities, decoded like Python's `html.unescape` and like ftfy. */

import { decodeHTML, decodeHTMLStrict } from 'entities'
import { at } from '../../core/at.js'
import { windows1252Characters } from './windows-1252.js'

const reference = /&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)/g

/** Decodes all character references, including old names without a semicolon ("&ampx" is "&x"), like Python's `html.unescape`. */
export function unescapeHtml(text: string): string {
	return text.replace(reference, (found) => (found[1] === '#' ? numbered(found) : decodeHTML(found)))
}

/**
 * Decodes the references that are hardly meant literally, like ftfy: those with a semicolon, including lower-case names
 * written in upper case ("&NTILDE;" is "Ñ").
 */
export function unescapeUnambiguous(text: string): string {
	return text.replace(/&#?[0-9A-Za-z]{1,24};/g, (found) => {
		if (found[1] === '#') {
			const character = unescapeHtml(found)
			return character.includes(';') ? found : character
		}
		const character = decodeHTMLStrict(found)
		if (character !== found) return character
		const lowerCase = found.toLowerCase()
		const meant = decodeHTMLStrict(lowerCase)
		const isShouted = found === found.toUpperCase() && meant !== lowerCase && decodeHTML(found) === found
		return isShouted ? meant.toUpperCase() : found
	})
}

function numbered(found: string): string {
	const isHexadecimal = found[2] === 'x' || found[2] === 'X'
	const code = Number.parseInt(found.slice(isHexadecimal ? 3 : 2), isHexadecimal ? 16 : 10)
	// In HTML these numbers have their Windows-1252 meaning.
	if (code >= 0x80 && code <= 0x9f) return at(windows1252Characters, code)
	if (code === 0 || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return '\ufffd'
	const isWhitespace = code === 9 || code === 10 || code === 12 || code === 13
	const isControl = (code < 0x20 && !isWhitespace) || code === 0x7f
	const isNoncharacter = (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe
	return isControl || isNoncharacter ? '' : String.fromCodePoint(code)
}
