import { describe, expect, it } from 'vitest'
import { unescapeHtml, unescapeUnambiguous } from './html-entities.js'

describe("unescapeHtml, as Python's html.unescape", () => {
	it.each([
		['&lt;b&gt; &amp;amp; &quot;', '<b> &amp; "'],
		['&ampx &notit; &notin; &copy', '&x ¬it; ∉ ©'],
		['&lang;&rang; &hellip; &nbsp;', '⟨⟩ … \xa0'],
		['&NotEqualTilde; &CounterClockwiseContourIntegral;', '≂̸ ∳'],
		['R&D AT&T & &; &unknown; &#; &#x;', 'R&D AT&T & &; &unknown; &#; &#x;'],
		['&#65;&#x42;&#X43;&#68 &#x1F600;', 'ABCD 😀'],
		['&#128;&#x99;&#129;', '€™\x81'],
		['&#0; &#xD800; &#x110000; &#99999999999999999999;', '\ufffd \ufffd \ufffd \ufffd'],
		['a&#1;b&#x7f;c&#xFFFE;d&#xFDD0;e&#x1FFFF;f', 'abcdef'],
		['&#9;&#10;&#13;', '\t\n\r'],
	])('%s', (text, expected) => {
		expect(unescapeHtml(text)).toBe(expected)
	})
})

describe('unescapeUnambiguous, as ftfy', () => {
	it.each([
		['&eacute; &Eacute; &EACUTE; &eACUTE;', 'é É É &eACUTE;'],
		['&SZLIG; &AMP; &LT;', 'SS & <'],
		['&amp &ampx &copy', '&amp &ampx &copy'],
		['&#59; &#x41; &#1;', '&#59; A '],
		['&nosuchthing;', '&nosuchthing;'],
	])('%s', (text, expected) => {
		expect(unescapeUnambiguous(text)).toBe(expected)
	})
})
