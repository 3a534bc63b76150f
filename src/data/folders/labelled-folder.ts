/** Reads a folder of class folders as test images: all of them, without a split. */

import { basename, join, resolve } from 'node:path'
import { sha256OfBytes } from '../../files/sha256.js'
import type { DataOrigin, Split } from '../dataset.js'
import { ignoredNotice, nestedNotice, readClassFolders } from './class-folders.js'
import { fileSplit } from './file-split.js'
import { listFolder } from './image-folders.js'

/** Images in class folders. */
export interface LabelledImages {
	readonly name: string
	/** Names of the class folders, which labels refer to. */
	readonly folders: readonly string[]
	readonly images: Split
	readonly notices: readonly string[]
	/** How to load the same images again; stored in records as it is. */
	readonly origin: DataOrigin
}

/** Names of folders that may hold the test images, in order of preference. */
const testFolders = ['test', 'testing', 'val', 'valid', 'validation']

/**
 * Reads all images of a folder of class folders; if it has a `test` or `val` folder of class folders, only those in it.
 * @throws NaptuneError as `readClassFolders`.
 */
export async function loadLabelledFolder(path: string): Promise<LabelledImages> {
	const root = resolve(path)
	const { folders } = await listFolder(root)
	let below = root
	const notices: string[] = []
	for (const name of testFolders) {
		const found = folders.find((folder) => folder.toLowerCase() === name)
		if (found === undefined || (await listFolder(join(root, found))).folders.length === 0) continue
		below = join(root, found)
		notices.push(`${root} has the folder ${found}, so only its images are used.`)
		break
	}
	const { classes, ignored } = await readClassFolders(below)
	notices.push(...nestedNotice(classes, below), ...ignoredNotice(ignored))
	const files = classes.flatMap(({ name, images }, label) => images.map((image) => ({ id: `${name}/${image}`, label })))
	return {
		name: basename(root),
		folders: classes.map(({ name }) => name),
		images: fileSplit(files.map(({ id, label }) => ({ id, label, path: join(below, id) }))),
		notices,
		origin: { dataset: 'folder', path: below, fileNames: sha256OfBytes(JSON.stringify(files.map(({ id }) => id))) },
	}
}
