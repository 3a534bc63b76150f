/** Generated passages inside hand-written pages: `<!-- generated: NAME -->…<!-- /generated -->`. */

/** A passage, generated when a page needs it. */
export type Insert = () => Promise<string> | string

const passage = /<!-- generated: (.+?) -->(.*?)<!-- \/generated -->/gs

/** The names of the passages in a page, in order. */
export function insertNames(page: string): string[] {
	return [...page.matchAll(passage)].map(([, name = '']) => name)
}

/**
 * The page with every passage generated again. A passage on the same line as its marker stays on it, so that a number can be
 * generated within a sentence; any other gets empty lines around it, as Markdown wants for tables.
 * @throws Error for an unknown name, or for an unclosed marker.
 */
export async function fillMarkers(page: string, inserts: ReadonlyMap<string, Insert>): Promise<string> {
	const opened = page.split('<!-- generated: ').length - 1
	const parts = [...page.matchAll(passage)]
	if (opened !== parts.length) throw new Error(`${opened} passages begin, but ${parts.length} end.`)
	let filled = ''
	let position = 0
	for (const part of parts) {
		const [whole, name = '', old = ''] = part
		const insert = inserts.get(name)
		if (!insert) throw new Error(`No insert is called ${name}; choose one of ${[...inserts.keys()].join(', ')}.`)
		const text = await insert()
		const body = old.includes('\n') ? `\n\n${text}\n\n` : text
		filled += `${page.slice(position, part.index)}<!-- generated: ${name} -->${body}<!-- /generated -->`
		position = part.index + whole.length
	}
	return filled + page.slice(position)
}

/** The page without its generated passages. */
export function withoutGenerated(page: string): string {
	return page.replaceAll(passage, '')
}
