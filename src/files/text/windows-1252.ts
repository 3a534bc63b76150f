/**
 * The characters of Windows-1252 by byte. Its five undefined bytes are the control characters of Latin-1, as in web
 * browsers. Written out because some releases of Node.js decode the label 'windows-1252' as Latin-1.
 */
export const windows1252Characters: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
	byte >= 0x80 && byte <= 0x9f
		? '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'.charAt(byte - 0x80)
		: String.fromCharCode(byte),
)
