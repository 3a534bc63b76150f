/** Finds missing files among many, without checking each one. */

import { readdir, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'

/**
 * The files that do not exist, in their order. It lists every folder once and checks individually only names that the
 * listing lacks, because some file systems find a file under other spellings, too.
 * @param folder Base of the paths. @param paths With forward slashes.
 */
export async function missingFiles(folder: string, paths: readonly string[]): Promise<string[]> {
	const listed = new Map<string, ReadonlySet<string> | 'absent'>()
	const missing: string[] = []
	for (const path of paths) {
		const below = posix.dirname(path)
		let names = listed.get(below)
		if (!names) {
			names = await namesIn(join(folder, below))
			listed.set(below, names)
		}
		if (names !== 'absent') {
			if (names.has(posix.basename(path))) continue
			const exists = await stat(join(folder, path)).then(Boolean, () => false)
			if (exists) continue
		}
		missing.push(path)
	}
	return missing
}

async function namesIn(folder: string): Promise<ReadonlySet<string> | 'absent'> {
	try {
		return new Set(await readdir(folder))
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException
		// A folder that may be entered but not listed can still hold its files.
		return code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : new Set()
	}
}
