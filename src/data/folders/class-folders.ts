/** A folder with one folder of images per class. */

import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { sameSpoken, spokenForm } from '../benchmarks/spoken-names.js'
import { listFolder } from './image-folders.js'

/** The images of one class. */
export interface ClassFolder {
	/** The folder's name, which is the class's. */
	readonly name: string
	/** File names in sorted order, at least one. */
	readonly images: readonly string[]
}

/** Class folders in sorted order, and how many files were passed over because they are not images by name. */
export interface ClassFolders {
	readonly classes: readonly ClassFolder[]
	readonly ignored: readonly string[]
}

const layout =
	'Expected one folder per class with its images inside, such as cat/1.jpg and dog/2.jpg, or that below train, val and test folders.'

/**
 * Reads the class folders in a folder.
 * @throws NaptuneError when there are none, one of them holds no image, or two have names that prompts cannot tell apart.
 */
export async function readClassFolders(path: string): Promise<ClassFolders> {
	const content = await listFolder(path)
	if (content.folders.length === 0) {
		const found = content.images.length > 0 ? `, but ${content.images.length} images that belong to no class` : ''
		throw new NaptuneError(`${path} holds no class folders${found}. ${layout}`)
	}
	const ignored = [...content.images, ...content.others].map((file) => join(path, file))
	const classes: ClassFolder[] = []
	for (const name of content.folders) {
		const { folders, images, others } = await listFolder(join(path, name))
		if (images.length === 0) {
			const inside =
				folders.length > 0 ? ` (it holds ${folders.length} folders; folders of folders are not searched)` : ''
			throw new NaptuneError(
				`The class folder ${join(path, name)} holds no images${inside}. Fill or remove it. ${layout}`,
			)
		}
		classes.push({ name, images })
		ignored.push(...others.map((file) => join(path, name, file)))
	}
	checkNames(
		classes.map(({ name }) => name),
		path,
	)
	return { classes, ignored }
}

/** What is said of files that were passed over; nothing where none were. */
export function ignoredNotice(ignored: readonly string[]): string[] {
	if (ignored.length === 0) return []
	return [
		`${ignored.length} files are not images by their names or place and were ignored, the first of them ${ignored[0]}.`,
	]
}

/** @throws NaptuneError for names that prompts cannot tell apart, or an empty one. */
export function checkNames(names: readonly string[], path: string): void {
	const nameless = names.find((name) => spokenForm(name) === '')
	if (nameless !== undefined) {
		throw new NaptuneError(`${path} has a class without a name: ${JSON.stringify(nameless)}. Rename it.`)
	}
	const [same] = sameSpoken(names)
	if (!same) return
	const [first, second] = same.map((position) => JSON.stringify(names[position]))
	throw new NaptuneError(
		`${path} has two classes that read the same in a prompt: ${first} and ${second}. Merge or rename them.`,
	)
}
