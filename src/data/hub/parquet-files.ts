/** Assigns the Parquet files of a repository to splits. */

import { at, entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import type { DatasetListing } from '../../hub/dataset-listing.js'
import type { ListedFile } from '../../hub/resumed-download.js'
import { type CardConfig, cardConfigs } from './dataset-card.js'
import { globExpression } from './glob.js'

/** Files of one configuration. */
export interface ParquetFiles {
	/** Undefined if the repository has only one configuration. */
	readonly config?: string
	/** By the names of splits in the repository, each sorted by path. */
	readonly splits: ReadonlyMap<string, readonly ListedFile[]>
}

/** Words in the names of files and folders that indicate a split. */
const words: Readonly<Record<string, string>> = {
	train: 'train',
	training: 'train',
	validation: 'validation',
	valid: 'validation',
	val: 'validation',
	dev: 'validation',
	test: 'test',
	testing: 'test',
	eval: 'test',
	evaluation: 'test',
}

/** The layout of the branch `refs/convert/parquet`, which the hub generates from other formats. */
const converted = /^([^/]+)\/(?:partial-)?([^/]+)\/\d+\.parquet$/

/**
 * Finds the files of a configuration: by the layout of `refs/convert/parquet`, by the list in the card, or by file names
 * such as `data/train-00000-of-00002.parquet`, `test/0.parquet` or `images-val.parquet`; a file whose name says nothing is
 * for training.
 * @throws NaptuneError if there are no Parquet files, or the configuration is unknown or must be chosen.
 */
export function parquetFiles(listing: DatasetListing, id: string, wanted: string | undefined): ParquetFiles {
	const source = `hf:${id}`
	const files = listing.files.filter(({ path }) => path.endsWith('.parquet'))
	if (files.length === 0) throw noParquet(listing, source)
	const layout = files.map(({ path }) => converted.exec(path))
	if (layout.every((match) => match !== null)) {
		const names = [...new Set(layout.map((match) => at(match, 1)))]
		const { name } = chosen(
			names.map((config) => ({ name: config, isDefault: config === 'default' })),
			source,
			wanted,
		)
		const own = files.filter((_, index) => at(layout, index)[1] === name)
		return { config: name, splits: grouped(own, ({ path }) => at(converted.exec(path)!, 2)) }
	}
	const configs = cardConfigs(listing.card)
	if (configs.length === 0) {
		if (wanted === undefined || wanted === 'default') return { splits: grouped(files, splitByName) }
		throw new NaptuneError('NAP_INPUT_UNSUITABLE', `${source} has no configurations to choose from; remove :${wanted}.`)
	}
	const config = chosen(configs, source, wanted)
	const splits = filesOf(config, files)
	if (splits.size > 0) return { config: config.name, splits }
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`The configuration ${config.name} of ${source} names no Parquet files in the repository. ${advice(source)}`,
	)
}

function filesOf({ folder, files: patterns }: CardConfig, files: readonly ListedFile[]) {
	const prefix = folder === '' ? '' : `${folder}/`
	const below = files.filter(({ path }) => path.startsWith(prefix))
	if (!patterns) return grouped(below, ({ path }) => splitByName({ path: path.slice(prefix.length) }))
	const splits = new Map<string, readonly ListedFile[]>()
	for (const { split, path } of patterns) {
		const expressions = path.map((pattern) => globExpression(pattern.replace(/^\.\//, '')))
		const own = below.filter((file) =>
			expressions.some((expression) => expression.test(file.path.slice(prefix.length))),
		)
		if (own.length > 0) splits.set(split, own)
	}
	return splits
}

function chosen<T extends { readonly name: string; readonly isDefault: boolean }>(
	configs: readonly T[],
	source: string,
	wanted: string | undefined,
): T {
	const found =
		wanted === undefined
			? (configs.find(({ isDefault }) => isDefault) ?? (configs.length === 1 ? configs[0] : undefined))
			: configs.find(({ name }) => name === wanted)
	if (found) return found
	const names = configs.map(({ name }) => name).join(', ')
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		wanted === undefined
			? `${source} has several configurations: ${names}. Choose one: ${source}:${at(configs, 0).name}`
			: `${source} has no configuration ${JSON.stringify(wanted)}; it has ${names}.`,
	)
}

function splitByName({ path }: { readonly path: string }): string {
	const sharded = /(?:^|\/)([\w.]+)-\d{5}-of-\d{5}/.exec(path)
	if (sharded) return at(sharded, 1)
	// The file's own name outweighs its folder's, and the last word the earlier ones.
	const told = path
		.replace(/\.parquet$/, '')
		.toLowerCase()
		.split(/[^a-z]+/)
		.filter((word) => Object.hasOwn(words, word))
	const final = told.at(-1)
	return final === undefined ? 'train' : entry(words, final)
}

function grouped(
	files: readonly ListedFile[],
	splitOf: (file: ListedFile) => string,
): ReadonlyMap<string, readonly ListedFile[]> {
	const splits = new Map<string, ListedFile[]>()
	for (const file of files) splits.set(splitOf(file), [...(splits.get(splitOf(file)) ?? []), file])
	return splits
}

function advice(source: string): string {
	return `If the hub has converted a data set to Parquet, its branch refs/convert/parquet has the files: ${source}@refs/convert/parquet`
}

function noParquet(listing: DatasetListing, source: string): NaptuneError {
	const paths = listing.files.map(({ path }) => path)
	const script = paths.find((path) => /^[^/]+\.py$/.test(path))
	const what = script
		? `it needs the script ${script}, which naptune does not run`
		: `it has ${paths.slice(0, 10).join(', ') || 'no files'}${paths.length > 10 ? ', …' : ''}`
	return new NaptuneError('NAP_INPUT_UNSUITABLE', `${source} has no Parquet files: ${what}. ${advice(source)}`)
}
