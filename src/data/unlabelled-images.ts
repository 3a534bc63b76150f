/** Images whose classes do not matter: all of a folder and the folders below it. */

import { basename, join, resolve } from 'node:path'
import { NaptuneError } from '../errors.js'
import type { Split } from './dataset.js'
import { fileSplit } from './file-split.js'
import { listFolder } from './image-folders.js'
import { datasetNames, loadDataset } from './registry.js'

/** Images without labels, and how to get them again. */
export interface UnlabelledImages {
	readonly name: string
	/** All labels are 0. */
	readonly images: Split
	/** Goes into the record of a run as it is (JSON). */
	readonly origin: Readonly<Record<string, unknown>>
}

/**
 * All images of a folder and of those below it, in sorted order; or the training images of a data set by its name.
 * @param dataRoot Folder that holds the folders of named data sets.
 * @throws NaptuneError when it is neither a known name nor a folder with images.
 */
export async function loadUnlabelled(nameOrPath: string, dataRoot?: string): Promise<UnlabelledImages> {
	if (datasetNames.includes(nameOrPath)) {
		const { name, train, origin } = await loadDataset(nameOrPath, { root: dataRoot })
		return { name, images: { ...train, label: () => 0 }, origin: { ...origin, split: 'train' } }
	}
	const root = resolve(nameOrPath)
	const ids = await imagesBelow(root, '')
	if (ids.length === 0) {
		throw new NaptuneError(
			`${root} and the folders below it hold no images. Give a folder with JPEG, PNG or WebP files.`,
		)
	}
	return {
		name: basename(root),
		images: fileSplit(ids.map((id) => ({ id, label: 0, path: join(root, id) }))),
		origin: { dataset: 'images', path: root },
	}
}

async function imagesBelow(root: string, below: string): Promise<string[]> {
	const { folders, images } = await listFolder(join(root, below))
	const own = images.map((name) => (below === '' ? name : `${below}/${name}`))
	const inner: string[] = []
	for (const folder of folders) inner.push(...(await imagesBelow(root, below === '' ? folder : `${below}/${folder}`)))
	return [...own, ...inner]
}
