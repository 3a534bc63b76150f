/** Finds duplicate keys in JSON: `JSON.parse` silently keeps the last of two, which a hostile header may exploit. */

import { at } from '../core/at.js'

/**
 * The first key that an object in a JSON text contains twice.
 * @param text A text that `JSON.parse` has accepted (escapes are compared after decoding).
 * @returns The key, or undefined if all objects have distinct keys.
 */
export function findDuplicateKey(text: string): string | undefined {
	const open: (Set<string> | undefined)[] = []
	let index = 0
	while (index < text.length) {
		const character = text[index]
		if (character === '{') open.push(new Set())
		else if (character === '[') open.push(undefined)
		else if (character === '}' || character === ']') open.pop()
		else if (character === '"') {
			const end = endOfString(text, index)
			const keys = open.at(-1)
			if (keys && isKey(text, end)) {
				const key = JSON.parse(text.slice(index, end)) as string
				if (keys.has(key)) return key
				keys.add(key)
			}
			index = end
			continue
		}
		index++
	}
	return undefined
}

/** Position after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
	let index = start + 1
	while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1
	return index + 1
}

function isKey(text: string, end: number): boolean {
	let index = end
	while (index < text.length && ' \t\r\n'.includes(at(text, index))) index++
	return text[index] === ':'
}
