/** Whether two texts are the same to CLIP: texts of the same form get the same token ids, texts of other forms get others. */

import { cleanText, lowerAsPython } from './text-cleanup.js'

/** How CLIP's tokenizer splits a text; each piece is encoded by itself, without loss. */
const pieces = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu

/**
 * What is left of a text after clean-up, composition of accents, lower case and the split into pieces, which are put
 * together with single spaces: `Café`, however its accent is written, `CAF&Eacute;` and `cafe´` are compared by it, as are
 * `ice-cream` and `ice - cream`.
 */
export function tokenForm(text: string): string {
	const lower = lowerAsPython(cleanText(text)).normalize('NFC').replaceAll('Σ', 'σ').toLowerCase()
	return (lower.match(pieces) ?? []).join(' ')
}
