/**
 * The clean-up that openai/CLIP applies to every text before tokenization: ftfy's `fix_text` with its defaults, Python's
 * `html.unescape` twice, whitespace collapsed and trimmed.
 *
 * Covered parts of ftfy 6.3: HTML entities (those with a semicolon, upper-case spellings such as `&EACUTE;` too, and none in
 * a text that holds `<`), UTF-8 read as Latin-1 or Windows-1252 (also repeatedly, in parts of a text, with no-break spaces
 * turned into spaces and with bytes lost to U+FFFD), C1 controls, Latin ligatures, full-width and half-width forms, curly
 * quotes, line breaks, lone surrogates, terminal escapes, control characters, NFC.
 *
 * Not covered: UTF-8 read in any other encoding (Windows-1250, -1251, -1253, -1254, -1257, ISO-8859-2, MacRoman, code page
 * 437), CESU-8 and Java's two-byte NUL inside such text. These pass through unchanged.
 */

import { entry } from '../../core/at.js'
import { unescapeHtml, unescapeUnambiguous } from './html-entities.js'
import { fixEncoding } from './mojibake.js'

/** Ligatures and digraphs of Latin letters; NFKC would also decompose many characters that are intended. */
const ligatures: Readonly<Record<string, string>> = Object.fromEntries(
	'ﬀ=ff ﬁ=fi ﬂ=fl ﬃ=ffi ﬄ=ffl ﬅ=ſt ﬆ=st Ĳ=IJ ĳ=ij ŉ=ʼn Ǆ=DŽ ǅ=Dž ǆ=dž Ǉ=LJ ǈ=Lj ǉ=lj Ǌ=NJ ǋ=Nj ǌ=nj Ǳ=DZ ǲ=Dz ǳ=dz'
		.split(' ')
		.map((pair) => pair.split('=') as [string, string]),
)
const anyLigature = new RegExp(`[${Object.keys(ligatures).join('')}]`, 'gu')

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed here.
const controls = /[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g

// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's escape sequences start with the escape character.
const terminalEscape = /\x1b\[[\p{Nd};]*[a-zA-Z]/gu

/** Cleans up one text like openai/CLIP. The result has no leading, trailing or repeated whitespace. */
export function cleanText(text: string): string {
	return unescapeHtml(unescapeHtml(fixText(text)))
		.replace(/\p{White_Space}+/gu, ' ')
		.replace(/^ | $/g, '')
}

/**
 * Lower-cases where openai/CLIP (Python) does and transformers' tokenizer does not: a sigma at the end of a word becomes ς,
 * and an end token may be spelled in capitals. Applied to cleaned-up text, it yields the ids of openai/CLIP.
 */
export function lowerAsPython(text: string): string {
	return text
		.replace(/(?<=\p{Cased}\p{Case_Ignorable}*)Σ(?!\p{Case_Ignorable}*\p{Cased})/gu, 'ς')
		.replace(/<\|endoftext\|>/gi, (token) => token.toLowerCase())
}

/** Line by line, so that one line in a wrong encoding does not hide another. */
function fixText(text: string): string {
	let plain = true
	return text
		.split(/(?<=\n)/)
		.map((line) => {
			// Text with a tag may be HTML, whose entities must stay, as must everything after it.
			plain &&= !line.includes('<')
			return fixLine(line, plain)
		})
		.join('')
}

function fixLine(line: string, hasEntities: boolean): string {
	for (let before = line; ; ) {
		const after = fixOnce(before, hasEntities)
		if (after === before) return after
		before = after
	}
}

function fixOnce(text: string, hasEntities: boolean): string {
	return fixEncoding(hasEntities ? unescapeUnambiguous(text) : text)
		.replace(anyLigature, (ligature) => entry(ligatures, ligature))
		.replaceAll('\u3000', ' ')
		.replace(/[\uff01-\uffef]/g, (character) => character.normalize('NFKC'))
		.replace(/[“-‟]/g, '"')
		.replace(/[ʼ‘-‛]/g, "'")
		.replace(/\r\n|[\r\u2028\u2029\u0085]/g, '\n')
		.replace(/\p{Surrogate}/gu, '\ufffd')
		.replace(terminalEscape, '')
		.replace(controls, '')
		.normalize('NFC')
}
