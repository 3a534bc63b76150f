/** Class names as a person gives them. */

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { NaptuneError } from '../../core/errors.js'

/**
 * Names from a file, one per line or as a JSON list, or from a list separated by commas.
 * @throws NaptuneError when there are none, or what can only be a file is missing.
 */
export async function readClassNames(fileOrNames: string): Promise<string[]> {
	if (!existsSync(fileOrNames) && /^[^,]*([\\/]|\.(txt|json|csv))[^,]*$/i.test(fileOrNames)) {
		throw new NaptuneError('NAP_FILE_MISSING', `The file of class names ${fileOrNames} is missing; check the path.`)
	}
	const text = existsSync(fileOrNames) ? await readFile(fileOrNames, 'utf8') : undefined
	const names = text === undefined ? fileOrNames.split(',') : (jsonList(text) ?? text.split(/\r?\n/))
	const trimmed = names.map((name) => name.trim())
	while (trimmed.at(-1) === '') trimmed.pop()
	if (trimmed.length > 0 && trimmed.every((name) => name !== '')) return trimmed
	throw new NaptuneError(
		'NAP_FILE_INVALID',
		`${fileOrNames} holds no class names, or an empty one among them; one per line or a JSON list was expected.`,
	)
}

function jsonList(text: string): string[] | undefined {
	try {
		const parsed = JSON.parse(text) as unknown
		return Array.isArray(parsed) && parsed.every((name) => typeof name === 'string') ? parsed : undefined
	} catch {
		return undefined
	}
}
