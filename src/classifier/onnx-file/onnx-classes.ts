/** Reads class names from the metadata that exporters leave in ONNX files. */

import { classList } from '../class-list.js'

const keys = ['names', 'id2label', 'class_names', 'classes', 'labels']

/**
 * Class names in the order of the logits, from a list or a dictionary of numbers and names, as JSON or as Python prints it.
 * @returns `undefined` if the metadata has none that match the number of classes.
 */
export function metadataClasses(metadata: Readonly<Record<string, string>>, classes: number): string[] | undefined {
	for (const key of keys) {
		const text = metadata[key]
		const names = text === undefined ? undefined : (fromJson(text, classes) ?? fromText(text, classes))
		if (names && new Set(names).size === classes) return names
	}
	return undefined
}

/** Parses JSON first, because its strings may contain escapes that a pattern would misread, such as `\u00e9`. */
function fromJson(text: string, classes: number): string[] | undefined {
	let parsed: unknown
	try {
		parsed = JSON.parse(text)
	} catch {
		return undefined
	}
	const names = classList(parsed)
	return names && complete(names, classes)
}

function fromText(text: string, classes: number): string[] | undefined {
	return text.trim().startsWith('{') ? byNumber(text, classes) : listed(text, classes)
}

const quoted = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/

function byNumber(text: string, classes: number): string[] | undefined {
	const entry = new RegExp(`["']?(\\d+)["']?\\s*:\\s*(?:${quoted.source})`, 'g')
	const names: string[] = []
	for (const [, number, single, double] of text.matchAll(entry)) {
		// The number exceeds the model's classes, or the length of any list.
		if (Number(number) >= classes) return undefined
		names[Number(number)] = unescaped(single ?? double ?? '')
	}
	return complete(names, classes)
}

function listed(text: string, classes: number): string[] | undefined {
	const found = [...text.matchAll(new RegExp(quoted.source, 'g'))].map(([, single, double]) =>
		unescaped(single ?? double ?? ''),
	)
	return (
		complete(found, classes) ??
		complete(
			text.split(',').map((name) => name.trim()),
			classes,
		)
	)
}

function complete(names: readonly string[], classes: number): string[] | undefined {
	const all = Array.from({ length: names.length }, (_, at) => names[at])
	return names.length === classes && all.every((name) => name !== undefined && name !== '')
		? (all as string[])
		: undefined
}

function unescaped(text: string): string {
	return text.replace(/\\(.)/g, '$1')
}
