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

/** A data set on disk, complete or not. */
export interface OpenedBenchmark {
	/** Its folder. */
	readonly folder: string
	readonly dataset: Dataset
	/** Ids of its images that are missing. */
	readonly missing: readonly string[]
	/** Differences from the published data set, one sentence each; also among the notices. */
	readonly deviations: readonly string[]
}

/**
 * Opens a published data set.
 * @param root The folder that holds the folders of data sets.
 * @throws NaptuneError if its folder, its lists or a folder of its images is missing or damaged. It never draws a split.
 */
export async function openBenchmark(benchmark: Benchmark, root: string | undefined): Promise<OpenedBenchmark> {
	if (root === undefined) {
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			`${benchmark.name} needs a data root with the folder ${benchmark.folder}. Set --data-root <folder> or NAPTUNE_DATA_ROOT; in code, the option root.`,
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
 * Loads a published data set, with all its images present but unread.
 * @throws NaptuneError as {@link openBenchmark}, and if images are missing.
 */
export async function loadBenchmark(benchmark: Benchmark, root: string | undefined): Promise<Dataset> {
	const { folder, dataset, missing } = await openBenchmark(benchmark, root)
	if (missing.length > 0) {
		throw new NaptuneError(
			'NAP_DATA_MISSING',
			`${missing.length} images of ${benchmark.name} are missing, starting with ${join(folder, at(missing, 0))}. Run naptune data doctor ${benchmark.name} --json to list them.\n${obtainText(benchmark)}`,
		)
	}
	return dataset
}

/** How to obtain a data set, one line per part. */
export function obtainText({ title, obtain }: Pick<Benchmark, 'title' | 'obtain'>): string {
	return [`Where to get ${title}:`, ...obtain.map((part) => `  ${part}`)].join('\n')
}

function listed({ layout, images }: Benchmark, folder: string): Promise<Listing> {
	switch (layout.kind) {
		case 'split-file':
			// With several folders of images, paths begin with the folder's name.
			return readSplitFile(join(folder, layout.file.name), images.length === 1 ? at(images, 0) : '')
		case 'variant-lists':
			return readVariantLists(folder, at(images, 0))
		case 'imagenet':
			return listImagenet(folder, layout.test)
	}
}

/** @returns The data set's folder. @throws NaptuneError that names the first missing part. */
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
		`Cannot find ${name} below the data root ${root}: ${absent}.\n${obtainText(benchmark)}`,
	)
}

/** Describes the first of these paths that does not exist. */
async function firstAbsent(paths: readonly string[], kind: 'folder' | 'file'): Promise<string | undefined> {
	for (const path of paths) {
		const status = await stat(path).catch(() => undefined)
		if (!status) return `${path} does not exist`
		if (status.isDirectory() !== (kind === 'folder')) return `${path} is not a ${kind}`
	}
	return undefined
}

/** Files in the data set's folder that list its images. */
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
		`${path} is not the published split of ${name}: its git id is ${gitBlob.slice(0, 8)}, the published one ${layout.file.gitBlob.slice(0, 8)}. Numbers from another split are not comparable.`,
	]
}

/** The two fingerprints that identify published files. */
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
	return counts.length === 0 ? [] : [`${name} is incomplete: it has ${counts.join(', ')}.`]
}

function sameNames(classNames: readonly string[]): string[] {
	return sameSpoken(classNames).map(
		(labels) =>
			`${labels.length} classes are called ${JSON.stringify(classNames[at(labels, 0)])} (labels ${labels.join(' and ')}): their prompts are equal, so only the first can ever be predicted.`,
	)
}

/** Depends on every name, label and the order, but not on the location of the data set. */
function fingerprint(listing: Listing): string {
	const hash = createHash('sha256').update(JSON.stringify(listing.classNames))
	for (const split of splitNames) {
		hash.update(`\n${split}\n`)
		for (const { id, label } of listing[split]) hash.update(`${label} ${id}\n`)
	}
	return hash.digest('hex')
}
