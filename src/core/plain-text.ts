/**
 * Texts from files and users on their way out. Control characters move a terminal's cursor, change the order of what is read
 * or break a document; names of classes, files and models may hold any of them.
 */

/**
 * C0 but tab and line feed, DEL and C1, marks that change the direction of text, halves of surrogate pairs, and the two
 * characters that XML forbids.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for here.
const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/gu

/**
 * A text in which nothing controls what shows it. Tabs and line feeds stay.
 * @param how `shown` writes control characters as `\x1b` or `\u202e`, for terminals; `removed` leaves them out, for documents.
 */
export function plainText(text: string, how: 'shown' | 'removed'): string {
	return text.replace(controls, (character) => (how === 'removed' ? '' : escaped(character, '\\x')))
}

/** JSON that says the same with escapes, which a terminal may show. @param json Of `JSON.stringify`. */
export function plainJson(json: string): string {
	return json.replace(controls, (character) => escaped(character, '\\u'))
}

function escaped(character: string, short: '\\x' | '\\u'): string {
	const code = character.charCodeAt(0).toString(16)
	return short === '\\x' && code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`
}
