/** Ids of the elements of a page. */

/** Gives ids that are unique in the page. @param stem What the id begins with. */
export type Ids = (stem: string) => string

/** Ids of one page: the stem itself, then `stem-2` and so on. */
export function pageIds(): Ids {
	const used = new Set<string>()
	return (stem) => {
		const clean = stem.replaceAll(/[^A-Za-z0-9-]+/g, '-')
		let id = clean
		for (let number = 2; used.has(id); number++) id = `${clean}-${number}`
		used.add(id)
		return id
	}
}
