/** Lists ImageNet on disk: folders of WordNet ids below `images/train` and `images/val`. */

import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { listFolder, listTree } from '../folders/image-folders.js'
import type { ListedFile, Listing } from '../folders/listing.js'
import { type ImagenetClass, imagenetClasses, imagenetNames } from './imagenet-classes.js'

/**
 * Lists ImageNet. Labels are positions in the sorted WordNet ids; images of a class are sorted by name, because systems list
 * folders in different orders. The validation images are the test split, and validation is empty.
 * @param folder Folder of the data set. @param test All validation images, or the one of each class that data/imagenet
 * names.
 * @throws NaptuneError if a folder is missing, holds classes other than the 1,000, or one of them has no images.
 */
export async function listImagenet(folder: string, test: 'all' | 'one-per-class'): Promise<Listing> {
	const classes = await imagenetClasses()
	const { classNames, notices } = await imagenetNames(classes, join(folder, 'classnames.txt'))
	return {
		classNames,
		train: await listClasses(folder, 'images/train', classes),
		validation: [],
		test:
			test === 'all'
				? await listClasses(folder, 'images/val', classes)
				: classes.map(({ wnid, testImage }, label) => ({ id: `images/val/${wnid}/${testImage}`, label })),
		named: test === 'all' ? [] : ['test'],
		notices,
	}
}

async function listClasses(folder: string, below: string, classes: readonly ImagenetClass[]): Promise<ListedFile[]> {
	const path = join(folder, below)
	const { folders, images } = await listFolder(path)
	const known = new Set(classes.map(({ wnid }) => wnid))
	const found = new Set(folders)
	const missing = classes.filter(({ wnid }) => !found.has(wnid)).map(({ wnid }) => wnid)
	const strange = folders.filter((name) => !known.has(name))
	if (missing.length > 0 || strange.length > 0) {
		const parts = [
			...(missing.length > 0 ? [`${missing.length} are missing, starting with ${missing[0]}`] : []),
			...(strange.length > 0 ? [`${strange.length} do not belong, such as ${strange[0]}`] : []),
			...(images.length > 0 ? [`${images.length} images are in no class folder`] : []),
		]
		throw new NaptuneError(
			'NAP_DATA_MISSING',
			`${path} does not hold the ${classes.length} class folders of ImageNet: ${parts.join('; ')}. Sort the images into folders named by WordNet id; for your own classes, pass the folder as --data.`,
		)
	}
	const files: ListedFile[] = []
	for (const [label, { wnid }] of classes.entries()) {
		const { images } = await listTree(join(path, wnid))
		if (images.length === 0)
			throw new NaptuneError('NAP_DATA_MISSING', `The class folder ${join(path, wnid)} holds no images.`)
		for (const image of images) files.push({ id: `${below}/${wnid}/${image}`, label })
	}
	return files
}
