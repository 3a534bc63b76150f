/** Shortens values for messages: values from files may have any size and depth, which `JSON.stringify` does not survive. */

/**
 * Writes a value in a few characters: long texts are cut, and nested lists and objects are omitted.
 * @param longest Characters to keep of a text.
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

/** The first characters of a text, with a mark if there are more. */
export function shortened(text: string, longest = 80): string {
	return text.length <= longest ? text : `${text.slice(0, longest)}…`
}

function isContainer(value: unknown): value is object {
	return typeof value === 'object' && value !== null
}
