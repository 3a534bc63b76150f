/** Intact inputs from the project's fixtures. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Path of a file of the project. */
export function projectPath(path) {
	return fileURLToPath(new URL(`../${path}`, import.meta.url))
}

/** Files of a folder of the project whose names match, each an input of one file of that name. */
export async function eachFile(folder, pattern, as = (name) => name) {
	const names = (await readdir(projectPath(folder))).filter((name) => pattern.test(name)).sort()
	return Promise.all(names.map(async (name) => ({ [as(name)]: await readFile(join(projectPath(folder), name)) })))
}

/** All files of a folder as one input. */
export async function wholeFolder(folder, pattern = /./) {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true })
	const files = {}
	for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
		const path = join(entry.parentPath, entry.name)
		const name = path.slice(folder.length + (folder.endsWith('/') ? 0 : 1))
		if (entry.isFile() && pattern.test(name)) files[name] = await readFile(path)
	}
	return files
}
