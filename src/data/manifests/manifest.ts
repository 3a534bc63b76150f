/** Loads a manifest: a file that lists images, their classes and splits. */

import { existsSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, relative, resolve, sep } from 'node:path'
import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { sha256OfBytes } from '../../files/sha256.js'
import type { Dataset } from '../dataset.js'
import { fileSplit, type LabelledFile } from '../folders/file-split.js'
import { type Splits, settleSplits } from '../settle-splits.js'
import { optionsText, splitOptions } from '../source-options.js'
import { manifestClasses } from './manifest-classes.js'
import { type ManifestEntry, readManifest } from './manifest-entries.js'

/** Files to look for at once. */
const atOnce = 64

/**
 * Loads a manifest. Image paths are relative to its folder and must stay in it, unless another folder is named:
 * `list.csv?images=FOLDER`, relative to the manifest's; `?images=/` allows every path. Links count as their targets. If no
 * split is given, or none for testing, one is made by the rule for class folders, with a notice.
 * @param text Path of a `.csv`, `.tsv`, `.json` or `.jsonl` file, and options.
 * @param seed Seed of the split, if one must be drawn.
 * @throws NaptuneError that names the lines that are malformed, contradict each other, or point to images that are missing
 * or outside the folder; and as `settleSplits`.
 */
export async function loadManifest(text: string, seed: number): Promise<Dataset> {
	// A file name may contain a question mark.
	const { name, options } = existsSync(text) ? { name: text, options: {} } : splitOptions(text, ['images'])
	const path = resolve(name)
	const root = resolve(dirname(path), options.images ?? '.')
	const { entries, text: content, coop, unknown } = await readManifest(path)
	const { classNames, labelOf, notices } = manifestClasses(path, entries)
	const files = await locate(path, root, entries, labelOf, coop)
	const given = splitsOf(path, entries, files)
	const settled = settleSplits(given, classNames, path, seed)
	const passedOver = settled.origin.split === 'drawn' ? passedOverNotice(path, unknown) : []
	return {
		name: basename(name, extname(name)),
		classNames,
		train: fileSplit(settled.train),
		validation: fileSplit(settled.validation),
		test: fileSplit(settled.test),
		notices: [...notices, ...passedOver, ...settled.notices],
		origin: {
			dataset: 'manifest',
			// An absolute folder stays absolute; a relative one moves with the manifest.
			path: `${path}${optionsText(options)}`,
			sha256: sha256OfBytes(content),
			...settled.origin,
		},
	}
}

/** The split may have been given under an unknown name. */
function passedOverNotice(path: string, unknown: readonly string[]): string[] {
	if (unknown.length === 0) return []
	const more = unknown.length > 5 ? ' and others' : ''
	return [`${path} has unknown fields, which are ignored: ${unknown.slice(0, 5).join(', ')}${more}.`]
}

/** @throws NaptuneError that lists the first five problems with their places. */
async function locate(
	path: string,
	root: string,
	entries: readonly ManifestEntry[],
	labelOf: (item: ManifestEntry) => number,
	coop: boolean,
): Promise<LabelledFile[]> {
	const files = entries.map((item): LabelledFile => {
		const file = resolve(root, item.image)
		return { id: relative(root, file).split(sep).join('/'), label: labelOf(item), path: file }
	})
	const problems: string[] = []
	const report = (index: number, problem: string) => problems.push(`${at(entries, index).place}: ${problem}`)
	const seen = new Map<string, number>()
	for (const [index, { id }] of files.entries()) {
		const other = seen.get(id)
		if (other !== undefined) report(index, `the image ${id} is also in ${at(entries, other).place}.`)
		else seen.set(id, index)
		if (isOutside(id)) {
			report(
				index,
				`${at(entries, index).image} is outside ${root}; name the folder of images: '${path}?images=FOLDER'.`,
			)
		}
	}
	if (problems.length === 0) {
		const realRoot = await realpath(root).catch(() => root)
		for (let start = 0; start < files.length; start += atOnce) {
			const part = files.slice(start, start + atOnce)
			const found = await Promise.all(part.map((file) => realFile(file.path)))
			for (const [offset, real] of found.entries()) {
				const index = start + offset
				const { image } = at(entries, index)
				if (real === undefined) report(index, missingText(at(files, index).path, image))
				else if (isOutside(relative(realRoot, real))) {
					report(
						index,
						`${image} links to ${real}, outside ${root}; name a folder that holds both: '${path}?images=FOLDER'.`,
					)
				}
			}
		}
	}
	if (problems.length === 0) return files
	const hint = coop
		? [`Paths in a split file of CoOp are relative to the folder of images; name it: '${path}?images=FOLDER'.`]
		: []
	const more = problems.length > 5 ? [`and ${problems.length - 5} more`] : []
	throw new NaptuneError(
		'NAP_DATA_INVALID',
		[`${path} is unusable:`, ...problems.slice(0, 5), ...more, ...hint].join('\n  '),
	)
}

/** Whether a relative path leaves its folder. */
function isOutside(path: string): boolean {
	return path === '' || path === '..' || path.startsWith(`..${sep}`) || path.startsWith('../') || isAbsolute(path)
}

function missingText(path: string, written: string): string {
	if (!written.includes('\\') || sep === '\\') return `the image ${path} is missing.`
	return `the image ${JSON.stringify(written)} is missing; write paths with forward slashes here: ${JSON.stringify(written.replaceAll('\\', '/'))}.`
}

/** Real location of a file; `undefined` if it does not exist. */
async function realFile(path: string): Promise<string | undefined> {
	try {
		return (await stat(path)).isFile() ? await realpath(path) : undefined
	} catch {
		return undefined
	}
}

/** @throws NaptuneError if some entries have a split and some have none, or none is for training. */
function splitsOf(
	path: string,
	entries: readonly ManifestEntry[],
	files: readonly LabelledFile[],
): Splits<LabelledFile> {
	const without = entries.find(({ split }) => split === undefined)
	const having = entries.find(({ split }) => split !== undefined)
	if (without && having) {
		throw new NaptuneError(
			'NAP_DATA_INVALID',
			`${path}: ${without.place} has no split, while ${having.place} has one. Give a split (train, val or test) in all entries or in none.`,
		)
	}
	const listOf = (wanted: ManifestEntry['split']) => files.filter((_, index) => at(entries, index).split === wanted)
	const train = [...listOf('train'), ...listOf(undefined)]
	if (train.length === 0) {
		throw new NaptuneError(
			'NAP_DATA_INVALID',
			`${path} has no training images (split train). Mark some, or remove the split from all entries.`,
		)
	}
	return { train, validation: listOf('validation'), test: listOf('test') }
}
