/** Colours on terminals that support them, for the words that say how something went. */

import { styleText } from 'node:util'

/** A stream that may be a terminal, such as `process.stderr`. */
export interface ColourStream {
	readonly isTTY?: boolean
	hasColors?(): boolean
}

type Style = Parameters<typeof styleText>[0]

/** Which words get which style. The first group of a pattern stays as it is. */
const styles: readonly (readonly [RegExp, Style])[] = [
	[/^()(error:|problem:)/gm, ['red', 'bold']],
	[/^()(warning:|naptune: WARNING:)/gm, ['yellow', 'bold']],
	[/^()(note:)/gm, 'cyan'],
	// A cell of a table, or the start of a finding.
	[/(^| {2})(FAIL)(?= {2}| [a-z-]+$)/gm, ['red', 'bold']],
	[/(^| {2})(WARN)(?= {2}| [a-z-]+$)/gm, ['yellow', 'bold']],
	[/(^| {2})(pass)(?= {2})/gm, 'green'],
	[/()(is worse than vanilla CLIP|cannot be trusted)/g, ['yellow', 'bold']],
]

/**
 * Colours the key words of a text if the stream is a terminal with colours (honours `NO_COLOR`, `FORCE_COLOR` and `TERM`);
 * otherwise returns the text unchanged.
 * @param text Without control characters.
 */
export function coloured(text: string, stream: ColourStream): string {
	if (!hasColours(stream)) return text
	return styles.reduce(
		(shown, [pattern, style]) =>
			shown.replace(pattern, (_, before: string, word: string) => before + styleText(style, word)),
		text,
	)
}

function hasColours({ isTTY, hasColors }: ColourStream): boolean {
	const { NO_COLOR, FORCE_COLOR } = process.env
	if (NO_COLOR !== undefined && NO_COLOR !== '') return false
	if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
	return isTTY === true && (hasColors?.() ?? false)
}
