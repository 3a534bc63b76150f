/** Looking through folders of images. */

import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'

/** Names of files that are taken for images. */
const imageName = /\.(jpe?g|jfif|png|webp|gif|tiff?|avif)$/i

/** What lies in a folder, each list sorted by name; hidden entries are left out. */
export interface FolderContent {
	readonly folders: readonly string[]
	readonly images: readonly string[]
	/** Files that are not images by their names. */
	readonly others: readonly string[]
}

/**
 * Lists a folder; links count as what they lead to.
 * @throws NaptuneError when it does not exist, is no folder or may not be read.
 */
export async function listFolder(path: string): Promise<FolderContent> {
	const folders: string[] = []
	const images: string[] = []
	const others: string[] = []
	for (const entry of await entriesOf(path)) {
		const { name } = entry
		if (name.startsWith('.')) continue
		if (await isFolder(entry, join(path, name))) folders.push(name)
		else if (imageName.test(name)) images.push(name)
		else others.push(name)
	}
	// Not by the locale's order: labels must be the same everywhere.
	return { folders: folders.sort(), images: images.sort(), others: others.sort() }
}

async function entriesOf(path: string): Promise<Dirent[]> {
	try {
		return await readdir(path, { withFileTypes: true })
	} catch (cause) {
		const { code, message } = cause as NodeJS.ErrnoException
		const reasons: Record<string, string> = {
			ENOENT: 'does not exist',
			ENOTDIR: 'is not a folder',
			EACCES: 'may not be read: permission denied',
		}
		throw new NaptuneError(`The folder ${path} ${reasons[code ?? ''] ?? `could not be read: ${message}`}.`, { cause })
	}
}

async function isFolder(entry: Dirent, path: string): Promise<boolean> {
	if (!entry.isSymbolicLink()) return entry.isDirectory()
	// A link that leads nowhere counts as a file, so that the image it should be is missed by name.
	return stat(path).then(
		(target) => target.isDirectory(),
		() => false,
	)
}
