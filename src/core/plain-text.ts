/**
 * Sanitises texts from files and users for output. Control characters move a terminal's cursor, reorder what people read or
 * break a document, and names of classes, files and models may contain any of them.
 */

/**
 * C0 except tab and line feed, DEL and C1, marks that change text direction, lone surrogates, and the two characters that
 * XML forbids.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern matches control characters.
const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/gu

/**
 * Neutralises every control character in a text, except tabs and line feeds.
 * @param mode `shown` writes control characters as `\x1b` or `\u202e`, for terminals; `removed` drops them, for documents.
 */
export function plainText(text: string, mode: 'shown' | 'removed'): string {
	return text.replace(controls, (character) => (mode === 'removed' ? '' : escaped(character, '\\x')))
}

/** The same JSON with control characters escaped, safe to show on a terminal. @param json The output of `JSON.stringify`. */
export function plainJson(json: string): string {
	return json.replace(controls, (character) => escaped(character, '\\u'))
}

function escaped(character: string, short: '\\x' | '\\u'): string {
	const code = character.charCodeAt(0).toString(16)
	return short === '\\x' && code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`
}
