/** Compares texts as CLIP reads them: texts with the same form get the same token ids, and other texts get others. */

import { cleanText, lowerAsPython } from './text-cleanup.js'

/** How CLIP's tokenizer splits a text; each piece is encoded separately, without loss. */
const pieces = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu

/**
 * A text after clean-up, composition of accents, lower-casing and splitting into pieces, which are joined with single
 * spaces. It compares `Café`, however its accent is written, `CAF&Eacute;` and `cafe´`, and also `ice-cream` and `ice -
 * cream`.
 */
export function tokenForm(text: string): string {
	const lower = lowerAsPython(cleanText(text)).normalize('NFC').replaceAll('Σ', 'σ').toLowerCase()
	return (lower.match(pieces) ?? []).join(' ')
}
