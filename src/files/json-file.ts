/** Reading small JSON files. */

import { NaptuneError } from '../core/errors.js'
import { readTextFile } from './text/read-text.js'

/**
 * Reads and parses a JSON file (UTF-8, a byte order mark is allowed).
 * @throws NaptuneError when the file is missing, unreadable, not UTF-8 or not JSON.
 */
export async function readJsonFile(path: string): Promise<unknown> {
	const text = await readTextFile(path)
	try {
		return JSON.parse(text)
	} catch (error) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is not valid JSON (${(error as Error).message}). Fetch or write it again.`,
			{
				cause: error,
			},
		)
	}
}
