/** Generated passages inside pages that people write: `<!-- generated: NAME -->…<!-- /generated -->`. */

/** A passage, made when a page asks for it. */
export type Insert = () => Promise<string> | string

const passage = /<!-- generated: (.+?) -->(.*?)<!-- \/generated -->/gs

/** The names of the passages that a page asks for, in order. */
export function insertNames(page: string): string[] {
	return [...page.matchAll(passage)].map(([, name = '']) => name)
}

/**
 * The page with every passage made anew. What stands on the line of its marker stays there, so that a number can be generated
 * within a sentence; everything else gets empty lines around it, as Markdown wants them around a table.
 * @throws Error for a name that is not among the inserts, and for a marker that is not closed.
 */
export async function fillMarkers(page: string, inserts: ReadonlyMap<string, Insert>): Promise<string> {
	const opened = page.split('<!-- generated: ').length - 1
	const parts = [...page.matchAll(passage)]
	if (opened !== parts.length) throw new Error(`${opened} passages begin, and ${parts.length} end.`)
	let filled = ''
	let position = 0
	for (const part of parts) {
		const [whole, name = '', old = ''] = part
		const insert = inserts.get(name)
		if (!insert) throw new Error(`No insert is called ${name}; there are ${[...inserts.keys()].join(', ')}.`)
		const text = await insert()
		const body = old.includes('\n') ? `\n\n${text}\n\n` : text
		filled += `${page.slice(position, part.index)}<!-- generated: ${name} -->${body}<!-- /generated -->`
		position = part.index + whole.length
	}
	return filled + page.slice(position)
}

/** The page without what was generated. */
export function withoutGenerated(page: string): string {
	return page.replaceAll(passage, '')
}
