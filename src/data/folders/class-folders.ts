/** Reads a folder with one folder of images per class. */

import { join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { sameSpoken, spokenForm } from '../benchmarks/spoken-names.js'
import { endingsOf, listFolder, listTree, readableEndings } from './image-folders.js'

/** The images of one class. */
export interface ClassFolder {
	/** The folder's name, and the class's. */
	readonly name: string
	/** Paths below the folder with forward slashes, in the order of `listTree`; at least one. */
	readonly images: readonly string[]
}

/** Class folders in sorted order, and the files skipped because their names are not those of images. */
export interface ClassFolders {
	readonly classes: readonly ClassFolder[]
	readonly ignored: readonly string[]
}

const layout =
	'Put the images into one folder per class, such as cat/1.jpg and dog/2.jpg, directly or below train, val and test folders.'

/**
 * Reads the class folders in a folder. All images below a class folder belong to its class, as with torchvision's
 * `ImageFolder`; hidden files and folders are skipped. Class folders may be links.
 * @throws NaptuneError if there are none, one of them holds no image, or two have names that prompts cannot tell apart.
 */
export async function readClassFolders(path: string): Promise<ClassFolders> {
	const content = await listFolder(path)
	if (content.folders.length === 0) {
		const found = content.images.length > 0 ? `, but ${content.images.length} images outside any class folder` : ''
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
		// One by one: a large folder has too many files for the arguments of one call.
		for (const file of others) ignored.push(join(path, name, file))
	}
	checkNames(
		classes.map(({ name }) => name),
		path,
	)
	return { classes, ignored }
}

function unreadFiles(names: readonly string[]): string {
	return `Its ${names.length} files are ${endingsOf(names)}; naptune reads ${readableEndings}.`
}

/** The notice about skipped files; empty if there are none. */
export function ignoredNotice(ignored: readonly string[]): string[] {
	if (ignored.length === 0) return []
	return [
		`${ignored.length} files were ignored, because their names or places are not those of images: ${endingsOf(ignored)}, starting with ${ignored[0]}.`,
	]
}

/** The notice about images in folders inside class folders; empty if there are none. */
export function nestedNotice(classes: readonly ClassFolder[], path: string): string[] {
	const nested = classes.flatMap(({ name, images }) =>
		images.filter((image) => image.includes('/')).map((image) => join(path, name, image)),
	)
	if (nested.length === 0) return []
	return [
		`${nested.length} images are in folders inside the class folders of ${path}; they belong to the class of the outer folder, as with torchvision's ImageFolder. The first is ${nested[0]}.`,
	]
}

/** The notice if all classes have numbers as names; otherwise empty. */
export function numbersNotice(names: readonly string[], source: string): string[] {
	if (names.length === 0 || !names.every((name) => /^\d+$/.test(name))) return []
	return [
		`The classes of ${source} are numbers, and prompts use those numbers. CLIP recognises classes by name; give names if you have them.`,
	]
}

/** @throws NaptuneError for names that prompts cannot tell apart, or an empty one. */
export function checkNames(names: readonly string[], path: string): void {
	const nameless = names.find((name) => spokenForm(name) === '')
	if (nameless !== undefined) {
		throw new NaptuneError(
			'NAP_DATA_INVALID',
			`${path} has a class with an empty name: ${JSON.stringify(nameless)}. Rename it.`,
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
