/**
 * The printable symbols that byte-level BPE writes bytes with. Printable Latin-1 bytes stand for themselves, in order;
 * the others follow as the characters from U+0100. Their order is the order of CLIP's first 256 ids.
 */
export function byteSymbols(): string[] {
	const printable: number[] = []
	const others: number[] = []
	for (let byte = 0; byte < 256; byte++) {
		const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
		;(isPrintable ? printable : others).push(byte)
	}
	return [...printable, ...others.map((_, position) => 256 + position)].map((code) => String.fromCharCode(code))
}
