/**
 * Detects UTF-8 that was read as Latin-1 or Windows-1252, by neighbours that real text does not have: a currency sign after
 * an accented letter, a capital letter after a fraction, and so on. The kinds of characters and neighbours follow ftfy's
 * heuristic, for the characters of these two encodings.
 */

const accentedCapitals = 'À-ÑØÜÝŒŠŸŽ'
const accentedSmall = 'ßà-ñüœšž'
const accented = accentedCapitals + accentedSmall
const opening = '¡«¿©‘‚“„•‹'
const closing = '®»”›™'
const currency = '¢£¥€'
const numeric = '²³¹±¼½¾×µ÷'
const legal = '¶§'
/** Characters that hardly anyone writes. */
const rare = '¦¤¨¬¯¸ƒˆ˜†‡‰\ufffdªº'
/** Characters that appear anywhere, and are no sign by themselves. */
const common = '\xa0\xad·´–—…’'
const symbols = opening + closing + currency + numeric + legal
/** What follows Ø and Ù in Arabic text. */
const arabicSecond = `${common}${currency}${rare}${numeric}${opening}ŸŠ®°µ»`

const signs = new RegExp(
	[
		'[\\x80-\\x9f]',
		// Rare characters beside letters and symbols.
		`[${accented}${symbols}${rare}][${rare}]`,
		`[${rare}][${accented}${symbols}]`,
		`[a-zA-Z]Þ[${rare}]`,
		// Accented letters after what ends a word.
		`[${accentedSmall}${closing}${currency}${numeric}][${accentedCapitals}]`,
		`[${closing}${currency}${numeric}][${accentedSmall}]`,
		// Symbols after accented letters.
		`[${accentedSmall}${closing}][${currency}]`,
		`\\p{White_Space}[${accentedCapitals}][${currency}]`,
		`[${accentedCapitals}][${numeric}${legal}°]`,
		`[a-z][${accentedCapitals}][${opening}${currency}]`,
		`[${accented}][${opening}${closing}][\\p{L}\\p{N}_]`,
		'[Œœ][^A-Za-z]',
		// Quotation marks and the like in impossible order.
		`[${currency}${numeric}][${opening}]`,
		`[${accented}${currency}${closing}][${opening}][${numeric}]`,
		`[${accented}${currency}${numeric}${legal}][${closing}][${opening}]`,
		// First bytes of frequent characters with any second byte: Latin-1 letters, Greek, Cyrillic, Hebrew, Arabic.
		`[ÂÃÎÐ][€œŠš¢£Ÿž\\xa0\\xad®©°·»${opening}${closing}–—´]`,
		'×[²³]',
		`(?:[ØÙ][${arabicSecond}]){2}`,
		'à[²µ¹¼½¾]',
		'Ã[\\xa0¡]',
		// The same where a no-break space became a space.
		'(?:^|[a-z]\\p{White_Space}?)[ÃÂ] ',
		`[a-z.,?!${closing}]Â[ ${opening}${closing}]`,
	].join('|'),
	'u',
)

/** Whether some neighbours in the text indicate a wrong encoding. ASCII text never has any. */
export function looksLikeMojibake(text: string): boolean {
	return signs.test(text)
}
