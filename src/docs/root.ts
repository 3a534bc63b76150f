/** Files of this repository, by their path from its root. */

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The repository, as a folder that ends with a slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** The text of a file. @param path From the root, with forward slashes. */
export function rootText(path: string): Promise<string> {
	return readFile(`${root}${path}`, 'utf8')
}
