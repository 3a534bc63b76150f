/**
 * Reads split files in CoOp's format: which image is in which split, and of which class (KaiyangZhou/CoOp,
 * `datasets/oxford_pets.py`).
 */

import { posix } from 'node:path'
import { z } from 'zod'
import { entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { explainIssues } from '../../files/explain-issues.js'
import { readJsonFile } from '../../files/json-file.js'
import { type ListedFile, type Listing, type SplitName, splitNames } from '../folders/listing.js'

const rows = z.array(z.tuple([z.string(), z.int().nonnegative(), z.string()]))
const schema = z.strictObject({ train: rows, val: rows, test: rows })
type SplitFile = z.output<typeof schema>

const keys = { train: 'train', validation: 'val', test: 'test' } as const satisfies Record<SplitName, keyof SplitFile>

/** Problems of one kind to list. */
const shown = 3

/**
 * Reads a split file.
 * @param path The JSON file.
 * @param images Folder of its images below the data set's, to which its paths are relative; '' for the data set's own.
 * @throws NaptuneError if it is missing or damaged: keys other than `train`, `val` and `test`; entries other than triples of
 * path, label and class name; an empty train or test list; a path that leaves the folder; labels other than 0 to n - 1, each
 * with one name and with training images; a duplicate image.
 */
export async function readSplitFile(path: string, images: string): Promise<Listing> {
	const content = parse(await readJsonFile(path), path)
	checkPaths(content, path)
	return {
		classNames: classNamesOf(content, path),
		train: listed(content.train, images),
		validation: listed(content.val, images),
		test: listed(content.test, images),
		named: splitNames,
		notices: [],
	}
}

function listed(list: SplitFile['train'], images: string): ListedFile[] {
	return list.map(([path, label]) => ({ id: posix.join(images, path), label }))
}

function parse(content: unknown, path: string): SplitFile {
	const parsed = schema.safeParse(content)
	if (!parsed.success) {
		const { issues } = parsed.error
		const first = new z.ZodError(issues.slice(0, shown))
		const more = issues.length > shown ? `\nand ${issues.length - shown} more` : ''
		throw damaged(path, `it is not a valid split file:\n${explainIssues(first, schema)}${more}\n`)
	}
	for (const key of ['train', 'test'] as const) {
		if (parsed.data[key].length === 0) throw damaged(path, `its list ${key} is empty.`)
	}
	return parsed.data
}

/** Every path stays in the folder and leads to an image of one split only. */
function checkPaths(content: SplitFile, path: string): void {
	const places = new Map<string, string>()
	for (const split of splitNames) {
		const key = keys[split]
		content[key].forEach(([image], position) => {
			const place = `${key} ${position}`
			if (!staysInside(image)) {
				throw damaged(
					path,
					`the path ${JSON.stringify(image)} (${place}) does not stay below the folder of images, written with forward slashes.`,
				)
			}
			const normal = posix.normalize(image)
			const other = places.get(normal)
			if (other !== undefined) {
				throw damaged(path, `${JSON.stringify(image)} is listed twice: ${other} and ${place}.`)
			}
			places.set(normal, place)
		})
	}
}

function staysInside(image: string): boolean {
	return !/[\\\0]|^[A-Za-z]:/.test(image) && image.split('/').every((part) => !['', '.', '..'].includes(part))
}

function classNamesOf(content: SplitFile, path: string): string[] {
	const names = new Map<number, string>()
	for (const [, label, name] of [...content.train, ...content.val, ...content.test]) {
		const before = names.get(label)
		if (name.replaceAll('_', ' ').trim() === '') throw damaged(path, `label ${label} has an empty class name.`)
		if (before !== undefined && before !== name) {
			throw damaged(path, `label ${label} has two class names, ${JSON.stringify(before)} and ${JSON.stringify(name)}.`)
		}
		names.set(label, name)
	}
	const beyond = [...names.keys()].find((label) => label >= names.size)
	if (beyond !== undefined) {
		throw damaged(path, `its ${names.size} labels are not 0 to ${names.size - 1}: it has ${beyond}.`)
	}
	const trained = new Set(content.train.map(([, label]) => label))
	const classNames = Array.from({ length: names.size }, (_, label) => entry(names, label))
	const untrained = classNames.findIndex((_, label) => !trained.has(label))
	if (untrained >= 0) throw damaged(path, `label ${untrained} (${classNames[untrained]}) has no training image.`)
	return classNames
}

function damaged(path: string, what: string): NaptuneError {
	return new NaptuneError('NAP_FILE_INVALID', `${path} is unusable: ${what} Fetch the published file again.`)
}
