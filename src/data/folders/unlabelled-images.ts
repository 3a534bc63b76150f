/** Loads images without regard to classes: all in a folder and the folders below it. */

import { realpath } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import type { DataOrigin, Split } from '../dataset.js'
import { datasetNames, type LoadOptions, loadDataset } from '../registry.js'
import { isSource } from '../sources.js'
import { fileSplit } from './file-split.js'
import { endingsOf, listFolder, listTree, readableEndings } from './image-folders.js'

/** Images without labels, and how to load them again. */
export interface UnlabelledImages {
	readonly name: string
	/** All labels are 0. */
	readonly images: Split
	/** Stored in records as it is. */
	readonly origin: DataOrigin
}

/**
 * All images of a folder and of those below it, in sorted order; or the training images of a data set by name, of a
 * manifest, or of a data set of the hub.
 * @throws NaptuneError if it is neither a known name nor a folder with images; as `loadDataset`.
 */
export async function loadUnlabelled(
	nameOrPath: string,
	options: Pick<LoadOptions, 'root' | 'onProgress'> = {},
): Promise<UnlabelledImages> {
	if (datasetNames.includes(nameOrPath) || isSource(nameOrPath)) {
		const { name, train, origin } = await loadDataset(nameOrPath, options)
		return { name, images: { ...train, label: () => 0 }, origin: { ...origin, split: 'train' } }
	}
	const root = resolve(nameOrPath)
	const ids = await imagesBelow(root)
	if (ids.length === 0) {
		const { others } = await listTree(root)
		const found = others.length > 0 ? ` Its ${others.length} files are ${endingsOf(others)}.` : ''
		throw new NaptuneError(
			'NAP_DATA_EMPTY',
			`${root} and the folders below it hold no images.${found} Give a folder with files of these kinds: ${readableEndings}.`,
		)
	}
	return {
		name: basename(root),
		images: fileSplit(ids.map((id) => ({ id, label: 0, path: join(root, id) }))),
		origin: { dataset: 'images', path: root },
	}
}

/**
 * Paths of all images below a folder, sorted by name, with those of a folder before those of its subfolders.
 * @param within Real paths of the enclosing folders: a link back to one of them would never end.
 */
async function imagesBelow(folder: string, prefix = '', within: readonly string[] = []): Promise<string[]> {
	const { folders, images } = await listFolder(folder)
	const found = images.map((name) => prefix + name)
	const here = [...within, await realpath(folder)]
	for (const name of folders) {
		const path = join(folder, name)
		if (here.includes(await realpath(path))) continue
		// One by one: a large folder has too many images for the arguments of one call.
		for (const image of await imagesBelow(path, `${prefix}${name}/`, here)) found.push(image)
	}
	return found
}
