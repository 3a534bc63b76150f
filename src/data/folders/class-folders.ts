/** A folder with one folder of images per class. */

import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { sameSpoken, spokenForm } from '../benchmarks/spoken-names.js'
import { endingsOf, listFolder, listTree, readableEndings } from './image-folders.js'

/** The images of one class. */
export interface ClassFolder {
	/** The folder's name, which is the class's. */
	readonly name: string
	/** Paths below the folder with forward slashes, in the order of `listTree`; at least one. */
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
 * Reads the class folders in a folder. All images below a class folder are of its class, as with torchvision's
 * `ImageFolder`; hidden files and folders are left out. Class folders may be links.
 * @throws NaptuneError when there are none, one of them holds no image, or two have names that prompts cannot tell apart.
 */
export async function readClassFolders(path: string): Promise<ClassFolders> {
	const content = await listFolder(path)
	if (content.folders.length === 0) {
		const found = content.images.length > 0 ? `, but ${content.images.length} images that belong to no class` : ''
		const unread = content.others.length > 0 ? ` ${unreadFiles(content.others)}` : ''
		throw new NaptuneError('NAP_INPUT_UNSUITABLE', `${path} holds no class folders${found}. ${layout}${unread}`)
	}
	const ignored = [...content.images, ...content.others].map((file) => join(path, file))
	const classes: ClassFolder[] = []
	for (const name of content.folders) {
		const { images, others } = await listTree(join(path, name))
		if (images.length === 0) {
			const unread =
				others.length > 0 ? `${unreadFiles(others)} Convert them, or fill or remove it.` : 'Fill or remove it.'
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`The class folder ${join(path, name)} holds no images. ${unread} ${layout}`,
			)
		}
		classes.push({ name, images })
		// One by one: as arguments of a call, the files of a large folder would be too many.
		for (const file of others) ignored.push(join(path, name, file))
	}
	checkNames(
		classes.map(({ name }) => name),
		path,
	)
	return { classes, ignored }
}

function unreadFiles(names: readonly string[]): string {
	return `Its ${names.length} files are ${endingsOf(names)}; read are ${readableEndings}.`
}

/** What is said of files that were passed over; nothing where none were. */
export function ignoredNotice(ignored: readonly string[]): string[] {
	if (ignored.length === 0) return []
	return [
		`${ignored.length} files are not images by their names or place and were ignored: ${endingsOf(ignored)}, the first of them ${ignored[0]}.`,
	]
}

/** What is said of images in folders inside class folders; nothing where there are none. */
export function nestedNotice(classes: readonly ClassFolder[], path: string): string[] {
	const nested = classes.flatMap(({ name, images }) =>
		images.filter((image) => image.includes('/')).map((image) => join(path, name, image)),
	)
	if (nested.length === 0) return []
	return [
		`${nested.length} images lie in folders inside the class folders of ${path}; they are of the class of the outer folder, as with torchvision's ImageFolder. The first of them is ${nested[0]}.`,
	]
}

/** What is said where all classes have numbers for names; nothing otherwise. */
export function numbersNotice(names: readonly string[], source: string): string[] {
	if (names.length === 0 || !names.every((name) => /^\d+$/.test(name))) return []
	return [
		`The classes of ${source} are numbers, and so they are called in prompts. CLIP knows classes by what they are called; give names where you have them.`,
	]
}

/** @throws NaptuneError for names that prompts cannot tell apart, or an empty one. */
export function checkNames(names: readonly string[], path: string): void {
	const nameless = names.find((name) => spokenForm(name) === '')
	if (nameless !== undefined) {
		throw new NaptuneError(
			'NAP_DATA_INVALID',
			`${path} has a class without a name: ${JSON.stringify(nameless)}. Rename it.`,
		)
	}
	const [same] = sameSpoken(names)
	if (!same) return
	const [first, second] = same.map((position) => JSON.stringify(names[position]))
	const looksAlike = first !== second && first?.normalize() === second?.normalize()
	const why = looksAlike ? 'their accents are written in different ways' : 'their tokens are equal'
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`${path} has two classes that read the same in a prompt: ${first} and ${second} (${why}). Merge or rename them.`,
	)
}
