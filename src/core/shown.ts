/** Values in messages: what a file holds may be of any size and depth, which `JSON.stringify` does not survive. */

/**
 * A value in a few characters: texts are cut, lists and objects in others are left out.
 * @param longest Characters of a text that are shown.
 */
export function shown(value: unknown, longest = 80): string {
	if (typeof value === 'string') return JSON.stringify(shortened(value, longest))
	if (Array.isArray(value)) {
		const items = value.slice(0, 10).map((item) => (isContainer(item) ? '...' : shown(item, 20)))
		return `[${[...items, ...(value.length > 10 ? ['...'] : [])].join(',')}]`
	}
	if (isContainer(value)) return `an object of ${shown(Object.keys(value), longest)}`
	return shortened(String(value), longest)
}

/** The first characters of a text, and a sign that there are more. */
export function shortened(text: string, longest = 80): string {
	return text.length <= longest ? text : `${text.slice(0, longest)}…`
}

function isContainer(value: unknown): value is object {
	return typeof value === 'object' && value !== null
}
