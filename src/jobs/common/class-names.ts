/** Reads class names as a person gives them. */

import { existsSync } from 'node:fs'
import { classList, classListShapes } from '../../classifier/class-list.js'
import { NaptuneError } from '../../core/errors.js'
import { checkNames } from '../../data/folders/class-folders.js'
import { didYouMeanPath } from '../../files/nearest-path.js'
import { readTextFile } from '../../files/text/read-text.js'

/**
 * Names from a file, one per line or in JSON, or from a list separated by commas.
 * @throws NaptuneError when there are no names, the JSON has another shape, or the text can only be a file and that is
 * missing.
 */
export async function readClassNames(fileOrNames: string): Promise<string[]> {
	if (!existsSync(fileOrNames) && /^[^,]*([\\/]|\.(txt|json|csv))[^,]*$/i.test(fileOrNames)) {
		throw new NaptuneError(
			'NAP_FILE_MISSING',
			`The file of class names ${fileOrNames} is missing; check the path.${didYouMeanPath(fileOrNames)}`,
		)
	}
	const isFile = existsSync(fileOrNames)
	const names = isFile
		? namesIn(await readTextFile(fileOrNames, `The file of class names ${fileOrNames}`), fileOrNames)
		: fileOrNames.split(',')
	const trimmed = names.map((name) => name.trim())
	while (trimmed.at(-1) === '') trimmed.pop()
	if (trimmed.length > 0 && trimmed.every((name) => name !== '')) return trimmed
	throw new NaptuneError(
		'NAP_FILE_INVALID',
		`${fileOrNames} holds no class names, or an empty one; expected one name per line or a JSON list.`,
	)
}

/** @throws NaptuneError when two of the names read the same in a prompt. */
export function checkedClasses(names: readonly string[]): readonly string[] {
	checkNames(names, '--classes')
	return names
}

function namesIn(text: string, path: string): string[] {
	const looksLikeJson = /^\s*[[{]/.test(text) || /\.json$/i.test(path)
	if (!looksLikeJson) return text.split(/\r?\n/)
	let json: unknown
	try {
		json = JSON.parse(text)
	} catch (cause) {
		// A list of names may itself begin with a bracket.
		if (!/\.json$/i.test(path)) return text.split(/\r?\n/)
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`The file of class names ${path} is not JSON: ${(cause as Error).message}.`,
			{ cause },
		)
	}
	const names = classList(json)
	if (names) return names
	throw new NaptuneError(
		'NAP_FILE_INVALID',
		`The file of class names ${path} holds ${shapeOf(json)}, which is not a list of classes. Expected: ${classListShapes}, with numbers from 0 without gaps.`,
	)
}

function shapeOf(json: unknown): string {
	if (Array.isArray(json)) {
		const kinds = new Set(json.map((value) => (Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value)))
		return `a list of ${[...kinds].join(' and ') || 'nothing'}`
	}
	if (typeof json !== 'object' || json === null) return `one ${json === null ? 'null' : typeof json}`
	const keys = Object.keys(json)
	return `an object with the keys ${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''}`
}
