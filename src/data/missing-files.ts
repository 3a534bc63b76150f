/** Which of many files are not there, without asking for each. */

import { readdir, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'

/**
 * The files that do not exist, in their order. Every folder is listed once; only what its list does not hold is looked for by
 * name, since some file systems find a file under other spellings, too.
 * @param folder To which the paths are relative. @param paths With forward slashes.
 */
export async function missingFiles(folder: string, paths: readonly string[]): Promise<string[]> {
	const listed = new Map<string, ReadonlySet<string>>()
	const missing: string[] = []
	for (const path of paths) {
		const below = posix.dirname(path)
		let names = listed.get(below)
		if (!names) {
			names = new Set(await readdir(join(folder, below)).catch(() => []))
			listed.set(below, names)
		}
		if (names.has(posix.basename(path))) continue
		const exists = names.size > 0 && (await stat(join(folder, path)).then(Boolean, () => false))
		if (!exists) missing.push(path)
	}
	return missing
}
