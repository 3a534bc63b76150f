/** A user's own images: a folder of class folders, with or without splits. */

import { basename, join, resolve } from 'node:path'
import { entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { sha256OfBytes } from '../../files/sha256.js'
import type { OriginOf, SplitOrigin } from '../../records/parts/data-origin.js'
import type { Dataset, Split } from '../dataset.js'
import {
	type ClassFolder,
	type ClassFolders,
	ignoredNotice,
	nestedNotice,
	numbersNotice,
	readClassFolders,
} from './class-folders.js'
import { fileSplit } from './file-split.js'
import { splitClasses, splitRule } from './folder-split.js'
import { listFolder } from './image-folders.js'

/** Accepted names of split folders, in lower case. */
const splitNames = {
	train: ['train', 'training'],
	validation: ['val', 'valid', 'validation'],
	test: ['test', 'testing'],
} as const

/** An image file: its path below the data set's folder with forward slashes, which is its id, and its class. */
interface ImageFile {
	readonly id: string
	readonly label: number
}

/** The parts of a data set before assembly. */
interface Parts {
	readonly classes: readonly ClassFolder[]
	readonly train: readonly ImageFile[]
	readonly validation: readonly ImageFile[]
	readonly test: readonly ImageFile[]
	readonly notices: readonly string[]
	readonly origin: Pick<OriginOf<'folder'>, keyof SplitOrigin | 'folders'>
}

/**
 * Reads a folder of class folders; class names are the folders' names, in sorted order, and all images below a class folder
 * belong to its class. If it has a `train` folder with class folders inside, `train`, `val` and `test` are the splits. A
 * documented rule supplies what is missing, and `notices` says so: without a `test` folder, `val` is the test split; without
 * both, the seed splits the images.
 * @param path The folder.
 * @param seed Seed of the split, if one must be drawn.
 * @throws NaptuneError for no class folder, an empty one, only one class, names that prompts cannot tell apart, a class with
 * one image if a split must be drawn, or a class that has test but no training images.
 */
export async function loadFolder(path: string, seed: number): Promise<Dataset> {
	const root = resolve(path)
	const { folders } = await listFolder(root)
	const find = (names: readonly string[]) => folders.find((folder) => names.includes(folder.toLowerCase()))
	const train = find(splitNames.train)
	const validation = find(splitNames.validation)
	const test = find(splitNames.test)
	const strangers = folders.filter((folder) => ![train, validation, test].includes(folder))
	const split = train !== undefined && (await holdsClasses(join(root, train), strangers.length > 0))
	if (!split) return assemble(root, await drawSplits(root, undefined, seed))
	const parts = await (test !== undefined
		? givenSplits(root, train, validation, test)
		: validation !== undefined
			? givenSplits(root, train, undefined, validation)
			: drawSplits(root, train, seed))
	const passedOver = strangers.map((folder) => `The folder ${join(root, folder)} is not a split and was ignored.`)
	return assemble(root, { ...parts, notices: [...parts.notices, ...passedOver] })
}

/**
 * Whether a folder `train` is a split rather than a class of trains: it holds folders and, beside other classes, no images
 * of its own.
 */
async function holdsClasses(path: string, besideOthers: boolean): Promise<boolean> {
	const { folders, images } = await listFolder(path)
	return folders.length > 0 && !(besideOthers && images.length > 0)
}

async function drawSplits(root: string, below: string | undefined, seed: number): Promise<Parts> {
	const folder = below === undefined ? root : join(root, below)
	const { classes, ignored } = await readClassFolders(folder)
	requireTwo(classes, folder)
	const single = classes.find(({ images }) => images.length < 2)
	if (single) {
		throw new NaptuneError(
			'NAP_DATA_INVALID',
			`The class ${JSON.stringify(single.name)} of ${folder} has one image, but it needs one to train and one to test. Add images, or make train and test folders.`,
		)
	}
	const split = splitClasses(classes, seed)
	const train = filesOf(split.train, below, classes)
	const validation = filesOf(split.validation, below, classes)
	const test = filesOf(split.test, below, classes)
	const counts = `${train.length} training, ${validation.length} validation and ${test.length} test images`
	const notice = `${folder} has no test split, so its images were split with seed ${seed} into ${counts} (${splitRule}); numbers from another split are not comparable.`
	return {
		classes,
		train,
		validation,
		test,
		notices: [notice, ...nestedNotice(classes, folder), ...ignoredNotice(ignored)],
		origin: { split: 'drawn', splitSeed: seed, splitRule },
	}
}

async function givenSplits(
	root: string,
	trainFolder: string,
	validationFolder: string | undefined,
	testFolder: string,
): Promise<Parts> {
	const empty: ClassFolders = { classes: [], ignored: [] }
	const trained = await readClassFolders(join(root, trainFolder))
	const validated = validationFolder === undefined ? empty : await readClassFolders(join(root, validationFolder))
	const tested = await readClassFolders(join(root, testFolder))
	const { classes } = trained
	requireTwo(classes, join(root, trainFolder))
	const asTest = (splitNames.validation as readonly string[]).includes(testFolder.toLowerCase())
	const notices = asTest
		? [`${root} has no test folder, so ${testFolder} is the test split, and validation is empty.`]
		: []
	if (validationFolder !== undefined) notices.push(...compare(classes, validated.classes, root, validationFolder))
	notices.push(...compare(classes, tested.classes, root, testFolder))
	for (const [part, name] of [
		[trained, trainFolder],
		[validated, validationFolder],
		[tested, testFolder],
	] as const) {
		if (name !== undefined) notices.push(...nestedNotice(part.classes, join(root, name)))
	}
	notices.push(...ignoredNotice([...trained.ignored, ...validated.ignored, ...tested.ignored]))
	return {
		classes,
		train: filesOf(classes, trainFolder, classes),
		validation: filesOf(validated.classes, validationFolder, classes),
		test: filesOf(tested.classes, testFolder, classes),
		notices,
		origin: { split: 'given', folders: [trainFolder, validationFolder ?? null, testFolder] },
	}
}

function requireTwo(classes: readonly ClassFolder[], folder: string): void {
	if (classes.length >= 2) return
	throw new NaptuneError(
		'NAP_DATA_INVALID',
		`${folder} holds one class folder, ${JSON.stringify(classes[0]?.name)}; classification needs at least two.`,
	)
}

/** @throws NaptuneError if a class of `others` has no training images. */
function compare(
	trained: readonly ClassFolder[],
	others: readonly ClassFolder[],
	root: string,
	folder: string,
): string[] {
	const known = new Set(trained.map(({ name }) => name))
	const unknown = others.find(({ name }) => !known.has(name))
	if (unknown) {
		throw new NaptuneError(
			'NAP_DATA_INVALID',
			`${join(root, folder, unknown.name)} is a class without a training folder of the same name. Add or remove it.`,
		)
	}
	const present = new Set(others.map(({ name }) => name))
	const absent = trained.filter(({ name }) => !present.has(name)).map(({ name }) => name)
	if (absent.length === 0) return []
	const shown = absent.length > 5 ? `${absent.slice(0, 5).join(', ')} and others` : absent.join(', ')
	return [`${join(root, folder)} has no images of ${absent.length} of ${trained.length} classes: ${shown}.`]
}

function filesOf(
	part: readonly ClassFolder[],
	below: string | undefined,
	classes: readonly ClassFolder[],
): ImageFile[] {
	const labelOf = new Map(classes.map(({ name }, label) => [name, label]))
	const prefix = below === undefined ? '' : `${below}/`
	return part.flatMap(({ name, images }) =>
		images.map((file) => ({ id: `${prefix}${name}/${file}`, label: entry(labelOf, name) })),
	)
}

function assemble(root: string, { classes, train, validation, test, notices, origin }: Parts): Dataset {
	const files = [train, validation, test].map((list) => list.map(({ id }) => id))
	const classNames = classes.map(({ name }) => name)
	return {
		name: basename(root),
		classNames,
		train: splitOf(root, train),
		validation: splitOf(root, validation),
		test: splitOf(root, test),
		notices: [...notices, ...numbersNotice(classNames, root)],
		origin: { dataset: 'folder', path: root, ...origin, fileNames: sha256OfBytes(JSON.stringify(files)) },
	}
}

function splitOf(root: string, files: readonly ImageFile[]): Split {
	return fileSplit(files.map(({ id, label }) => ({ id, label, path: join(root, id) })))
}
