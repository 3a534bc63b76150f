/** Reading small JSON files. */

import { readFile } from 'node:fs/promises'
import { NaptuneError } from '../core/errors.js'

/**
 * Reads and parses a JSON file (UTF-8, a byte order mark is allowed).
 * @throws NaptuneError when the file is missing, unreadable or not JSON.
 */
export async function readJsonFile(path: string): Promise<unknown> {
	let text: string
	try {
		text = await readFile(path, 'utf8')
	} catch (error) {
		const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
		throw new NaptuneError(
			missing ? `${path} is missing.` : `${path} could not be read: ${(error as Error).message}.`,
			{
				cause: error,
			},
		)
	}
	try {
		return JSON.parse(text.replace(/^\ufeff/, ''))
	} catch (error) {
		throw new NaptuneError(`${path} is not valid JSON (${(error as Error).message}). Fetch or write it again.`, {
			cause: error,
		})
	}
}
