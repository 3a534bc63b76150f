/** Reads class names from the JSON forms common in the field. */

/** The forms in words, for messages. */
export const classListShapes =
	'a list of names or numbers, {"0": "name"}, {"0": ["id", "name"]}, {"name": 0}, or an object whose id2label, label2id, names, classes or class_names is one of these'

const holders = ['id2label', 'names', 'class_names', 'classes', 'labels', 'label2id', 'class_to_idx'] as const

/**
 * Class names in the order of their numbers:
 * - a list of names, or of whole numbers, which become names;
 * - an object from numbers to names (`id2label`), or to lists that end in the name (`imagenet_class_index.json`);
 * - an object from names to numbers (`label2id`, `class_to_idx`);
 * - an object that holds one of these under a common key, such as a model's `config.json`.
 * @returns `undefined` for any other form, or if a number is missing.
 */
export function classList(json: unknown): string[] | undefined {
	if (Array.isArray(json)) return namesOf(json)
	if (typeof json !== 'object' || json === null) return undefined
	const entries = Object.entries(json)
	if (entries.length === 0) return undefined
	if (entries.every(([key]) => /^\d+$/.test(key))) {
		const sorted = entries.map(([key, value]) => [Number(key), value] as const).sort(([a], [b]) => a - b)
		return sorted.every(([number], at) => number === at) ? namesOf(sorted.map(([, value]) => value)) : undefined
	}
	if (entries.every(([, value]) => isNumber(value))) {
		const sorted = entries.map(([name, value]) => [Number(value), name] as const).sort(([a], [b]) => a - b)
		return sorted.every(([number], at) => number === at) ? sorted.map(([, name]) => name) : undefined
	}
	for (const key of holders) {
		const held = (json as Record<string, unknown>)[key]
		const names = typeof held === 'object' && held !== null ? classList(held) : undefined
		if (names) return names
	}
	return undefined
}

function isNumber(value: unknown): boolean {
	return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function namesOf(values: readonly unknown[]): string[] | undefined {
	const names = values.map((value) => {
		if (typeof value === 'string') return value
		if (isNumber(value)) return String(value)
		const isPair = Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')
		return isPair ? String(value[1]) : undefined
	})
	return names.every((name) => name !== undefined) ? names : undefined
}
