/** `JSON.parse` keeps the last of two equal keys in silence; a hostile header may use that, so we look for them. */

/**
 * The first key that an object in a JSON text holds twice.
 * @param text A text that `JSON.parse` has accepted (escapes are compared after decoding).
 * @returns The key, or undefined when all objects have distinct keys.
 */
export function findDuplicateKey(text: string): string | undefined {
	const open: (Set<string> | undefined)[] = []
	let at = 0
	while (at < text.length) {
		const character = text[at]
		if (character === '{') open.push(new Set())
		else if (character === '[') open.push(undefined)
		else if (character === '}' || character === ']') open.pop()
		else if (character === '"') {
			const end = endOfString(text, at)
			const keys = open.at(-1)
			if (keys && isKey(text, end)) {
				const key = JSON.parse(text.slice(at, end)) as string
				if (keys.has(key)) return key
				keys.add(key)
			}
			at = end
			continue
		}
		at++
	}
	return undefined
}

/** Position after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
	let at = start + 1
	while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
	return at + 1
}

function isKey(text: string, end: number): boolean {
	let at = end
	while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++
	return text[at] === ':'
}
