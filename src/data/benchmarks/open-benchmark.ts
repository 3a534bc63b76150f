/** Published data sets below a data root, in the directory layout of CoOp. */

import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { sha256OfBytes } from '../../files/sha256.js'
import type { Dataset } from '../dataset.js'
import { filesBelow } from '../folders/file-split.js'
import { type Listing, splitNames } from '../folders/listing.js'
import { missingFiles } from '../folders/missing-files.js'
import type { Benchmark } from './benchmark.js'
import { listImagenet } from './imagenet-folders.js'
import { readSplitFile } from './split-file.js'
import { sameSpoken } from './spoken-names.js'
import { readVariantLists, variantFiles } from './variant-lists.js'

/** A data set as it lies on disk, whether or not it is all there. */
export interface OpenedBenchmark {
	/** Its folder. */
	readonly folder: string
	readonly dataset: Dataset
	/** Ids of images that belong to it and are not there. */
	readonly missing: readonly string[]
	/** Ways in which it is not the published data set. One sentence each; also among the notices. */
	readonly deviations: readonly string[]
}

/**
 * Opens a published data set.
 * @param root The folder that holds the folders of data sets.
 * @throws NaptuneError when its folder, its lists or a folder of its images is missing or damaged. No split is ever drawn.
 */
export async function openBenchmark(benchmark: Benchmark, root: string | undefined): Promise<OpenedBenchmark> {
	if (root === undefined) {
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			`${benchmark.name} is read from the folder ${benchmark.folder} below a data root. Say where that root is: --data-root <folder> or NAPTUNE_DATA_ROOT, in code the option root.`,
		)
	}
	const folder = await requireParts(benchmark, resolve(root))
	const listing = await listed(benchmark, folder)
	const deviations = [...(await otherFile(benchmark, folder)), ...otherSizes(benchmark, listing)]
	return {
		folder,
		dataset: {
			name: benchmark.name,
			classNames: listing.classNames,
			train: filesBelow(folder, listing.train),
			validation: filesBelow(folder, listing.validation),
			test: filesBelow(folder, listing.test),
			notices: [...deviations, ...listing.notices, ...sameNames(listing.classNames)],
			origin: { dataset: benchmark.name, root: resolve(root), contents: fingerprint(listing) },
		},
		missing: await missingFiles(
			folder,
			listing.named.flatMap((split) => listing[split].map(({ id }) => id)),
		),
		deviations,
	}
}

/**
 * Loads a published data set, all of whose images must be there; they are not read.
 * @throws NaptuneError as {@link openBenchmark}, and when images are missing.
 */
export async function loadBenchmark(benchmark: Benchmark, root: string | undefined): Promise<Dataset> {
	const { folder, dataset, missing } = await openBenchmark(benchmark, root)
	if (missing.length > 0) {
		throw new NaptuneError(
			'NAP_DATA_MISSING',
			`${missing.length} of the images of ${benchmark.name} are missing, the first of them ${join(folder, at(missing, 0))}. naptune data doctor ${benchmark.name} --json lists them.\n${obtainText(benchmark)}`,
		)
	}
	return dataset
}

/** Where to get a data set, on a line for each part. */
export function obtainText({ title, obtain }: Pick<Benchmark, 'title' | 'obtain'>): string {
	return [`Where to get ${title}:`, ...obtain.map((part) => `  ${part}`)].join('\n')
}

function listed({ layout, images }: Benchmark, folder: string): Promise<Listing> {
	switch (layout.kind) {
		case 'split-file':
			// With more than one folder of images, paths begin with its name.
			return readSplitFile(join(folder, layout.file.name), images.length === 1 ? at(images, 0) : '')
		case 'variant-lists':
			return readVariantLists(folder, at(images, 0))
		case 'imagenet':
			return listImagenet(folder, layout.test)
	}
}

/** @returns The data set's folder. @throws NaptuneError that names the first part that is not there. */
async function requireParts(benchmark: Benchmark, root: string): Promise<string> {
	const { name, images } = benchmark
	const folder = join(root, benchmark.folder)
	const absent =
		(await firstAbsent([root], 'folder')) ??
		(await firstAbsent([folder, ...images.map((below) => join(folder, below))], 'folder')) ??
		(await firstAbsent(
			listFiles(benchmark).map((file) => join(folder, file)),
			'file',
		))
	if (absent === undefined) return folder
	throw new NaptuneError(
		'NAP_DATA_MISSING',
		`${name} was looked for below the data root ${root}, but ${absent}.\n${obtainText(benchmark)}`,
	)
}

/** What is wrong with the first of these paths that is not there. */
async function firstAbsent(paths: readonly string[], kind: 'folder' | 'file'): Promise<string | undefined> {
	for (const path of paths) {
		const status = await stat(path).catch(() => undefined)
		if (!status) return `${path} does not exist`
		if (status.isDirectory() !== (kind === 'folder')) return `${path} is not a ${kind}`
	}
	return undefined
}

/** Files in the data set's folder that say what belongs to it. */
export function listFiles({ layout }: Benchmark): readonly string[] {
	switch (layout.kind) {
		case 'split-file':
			return [layout.file.name]
		case 'variant-lists':
			return variantFiles
		case 'imagenet':
			return []
	}
}

async function otherFile({ name, layout }: Benchmark, folder: string): Promise<string[]> {
	if (layout.kind !== 'split-file') return []
	const path = join(folder, layout.file.name)
	const { gitBlob } = fingerprintsOf(await readFile(path))
	if (gitBlob === layout.file.gitBlob) return []
	return [
		`${path} is not the published split of ${name} (its content has the git id ${gitBlob.slice(0, 8)}, the published one ${layout.file.gitBlob.slice(0, 8)}); numbers from another split are not comparable.`,
	]
}

/** The two fingerprints by which published files are known. */
export function fingerprintsOf(bytes: Uint8Array): { readonly sha256: string; readonly gitBlob: string } {
	const gitBlob = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
	return { sha256: sha256OfBytes(bytes), gitBlob }
}

function otherSizes({ name, classes, sizes }: Benchmark, listing: Listing): string[] {
	const counts = splitNames.flatMap((split) =>
		listing[split].length === sizes[split]
			? []
			: [`${listing[split].length} ${split} images (published: ${sizes[split]})`],
	)
	if (listing.classNames.length !== classes) {
		counts.unshift(`${listing.classNames.length} classes (published: ${classes})`)
	}
	return counts.length === 0 ? [] : [`This is not the whole ${name}: it has ${counts.join(', ')}.`]
}

function sameNames(classNames: readonly string[]): string[] {
	return sameSpoken(classNames).map(
		(labels) =>
			`${labels.length} classes are called ${JSON.stringify(classNames[at(labels, 0)])} (labels ${labels.join(' and ')}): their prompts are the same, so only the first of them can be predicted.`,
	)
}

/** Changes with every name, label and order; not with where the data set lies. */
function fingerprint(listing: Listing): string {
	const hash = createHash('sha256').update(JSON.stringify(listing.classNames))
	for (const split of splitNames) {
		hash.update(`\n${split}\n`)
		for (const { id, label } of listing[split]) hash.update(`${label} ${id}\n`)
	}
	return hash.digest('hex')
}
