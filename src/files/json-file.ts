/** Reads small JSON files. */

import { NaptuneError } from '../core/errors.js'
import { readTextFile } from './text/read-text.js'

/**
 * Reads and parses a JSON file (UTF-8, optionally with a byte order mark).
 * @throws NaptuneError if the file is missing, unreadable, not UTF-8 or not JSON.
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
