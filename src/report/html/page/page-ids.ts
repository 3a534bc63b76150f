/** Ids of the elements of a page. */

/** Returns ids that are unique in the page. @param stem Beginning of the id. */
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
