/** Writes Markdown for the generated passages. */

/** A column of a table. */
export interface Column {
	readonly heading: string
	readonly align?: 'right'
}

/** A table; cells are Markdown without line breaks or bars. */
export function table(columns: readonly (Column | string)[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
	const whole = columns.map((column) => (typeof column === 'string' ? { heading: column } : column))
	return [
		line(whole.map(({ heading }) => heading)),
		line(whole.map(({ align }) => (align === 'right' ? '---:' : '---'))),
		...rows.map(line),
	].join('\n')
}

/** Text as a block of code. */
export function codeBlock(language: string, text: string): string {
	return ['```'.concat(language), text.trimEnd(), '```'].join('\n')
}

/** Text of a schema, help or description, for a cell of a table. */
export function cellText(text: string): string {
	return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
