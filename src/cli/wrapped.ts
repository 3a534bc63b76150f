/** Breaks long lines on a terminal between words. */

import wrapAnsi from 'wrap-ansi'

/** A stream that may be a terminal, such as `process.stderr`. */
export interface WrappedStream {
	readonly isTTY?: boolean
	readonly columns?: number
}

/** Below this width, wrapping gains nothing. */
const narrowest = 20

/**
 * Breaks lines that are too wide for the terminal between words, and continues them at the same indentation, or below the
 * value of a `name  value` line. Rows of tables stay whole, and so does a word, such as a path, that is wider than the
 * terminal. If the stream is not a terminal, the text is unchanged.
 */
export function wrapped(text: string, { isTTY, columns }: WrappedStream): string {
	if (!isTTY || columns === undefined || columns < narrowest) return text
	return text
		.split('\n')
		.map((line) => (line.length <= columns || isRow(line) ? line : wrappedLine(line, columns)))
		.join('\n')
}

/** Three columns or more, or a rule. */
function isRow(line: string): boolean {
	return line.includes('─') || (line.trim().match(/\S {2,}(?=\S)/g)?.length ?? 0) > 1
}

function wrappedLine(line: string, columns: number): string {
	const [start = ''] = /^(?: *\S+ {2,}| *)(?=\S)/.exec(line) ?? []
	const room = columns - start.length
	if (room < narrowest) return line
	const [first = '', ...more] = wrapAnsi(line.slice(start.length), room, { hard: false }).split('\n')
	return [start + first, ...more.map((part) => ' '.repeat(start.length) + part)].join('\n')
}
