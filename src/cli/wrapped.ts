/** Long lines on a terminal, broken between words rather than wherever its width ends. */

import wrapAnsi from 'wrap-ansi'

/** A stream that may be a terminal; `process.stderr` has these. */
export interface WrappedStream {
	readonly isTTY?: boolean
	readonly columns?: number
}

/** Narrower than this, nothing is gained by wrapping. */
const narrowest = 20

/**
 * The text with lines that are too wide for the terminal broken between words, continued at the same indentation, or below
 * the value of a `name  value` line. Rows of tables stay as they are, and so does a word, such as a path, that is wider than
 * the terminal. On anything but a terminal, the text as it is.
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
