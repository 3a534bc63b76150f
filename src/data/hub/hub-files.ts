/** Downloads the Parquet files of a data set on the hub into the cache. */

import { join } from 'node:path'
import { entry } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { cachedListing, type DatasetListing, fetchListing } from '../../hub/dataset-listing.js'
import { authorized, hubRepository, isCommit, throughCache } from '../../hub/hub-access.js'
import type { DownloadProgress } from '../../hub/hub-download.js'
import { hubSettings } from '../../hub/hub-settings.js'
import { downloadResumably, isCached, type ListedFile } from '../../hub/resumed-download.js'
import type { HubDataName } from './hub-data-name.js'
import { parquetFiles } from './parquet-files.js'

/** One split of the repository. */
export interface HubSplit {
	/** Its name in the repository. */
	readonly name: string
	/** Locations of its files, in order. */
	readonly paths: readonly string[]
}

/** A data set's files on this machine. */
export interface HubFiles {
	readonly commit: string
	/** Undefined if there is only one. */
	readonly config?: string
	readonly card: Readonly<Record<string, unknown>>
	readonly train: HubSplit
	readonly validation?: HubSplit
	readonly test?: HubSplit
	/** Path in the repository and fingerprint of each file in use. */
	readonly fingerprints: readonly (readonly [string, string])[]
	readonly notices: readonly string[]
}

type SplitName = 'train' | 'validation' | 'test'

/** Common names of the splits, preferred ones first. */
const aliases: Readonly<Record<SplitName, readonly string[]>> = {
	train: ['train', 'training'],
	validation: ['validation', 'valid', 'val', 'dev'],
	test: ['test', 'testing'],
}

/**
 * Resolves the revision, chooses the files of the three splits and downloads the missing ones. If the revision is a commit
 * and everything is cached, it makes no request.
 * @throws NaptuneError if the repository does not exist or refuses access, it has no Parquet files or no such configuration
 * or split, a download is damaged, or files are neither cached nor reachable.
 */
export async function fetchHubFiles(
	name: HubDataName,
	onProgress?: (progress: DownloadProgress) => void,
): Promise<HubFiles> {
	const settings = hubSettings()
	const otherwise = 'use a folder or a manifest'
	const repository = hubRepository('datasets', name.id, name.revision, settings, otherwise)
	const { storage } = repository
	const notices: string[] = []
	const cached = async (commit: string) => {
		const listing = await cachedListing(repository, commit)
		if (!listing) return undefined
		const chosen = choose(listing, name)
		const present = await Promise.all(filesOf(chosen).map((file) => isCached(file, storage, commit)))
		return present.every(Boolean) ? { listing, chosen } : undefined
	}
	const fetched = async () => {
		const listing = await fetchListing(repository, settings, onProgress)
		const chosen = choose(listing, name)
		const context = {
			endpoint: settings.endpoint,
			timeout: settings.timeout,
			address: `${settings.endpoint}/datasets/${name.id}`,
			id: name.id,
			commit: listing.commit,
			storage,
			fetch: authorized(fetch, settings),
			...defined({ onProgress: onProgress || undefined }),
		}
		for (const file of filesOf(chosen)) await downloadResumably(file, context)
		return { listing, chosen }
	}
	// A run must find its data even after the owner has deleted it.
	const known = isCommit(name.revision) ? await cached(name.revision) : undefined
	const found = known ?? (await throughCache(repository, settings, fetched, cached, (notice) => notices.push(notice)))
	const { listing, chosen } = found
	const { commit, card } = listing
	const local = (split: ChosenSplit): HubSplit => ({
		name: split.name,
		paths: split.files.map(({ path }) => join(storage, 'snapshots', commit, path)),
	})
	const { validation, test } = chosen.splits
	return {
		commit,
		card,
		...defined({ config: chosen.config }),
		train: local(chosen.splits.train),
		...defined({ validation: validation ? local(validation) : undefined, test: test ? local(test) : undefined }),
		fingerprints: filesOf(chosen).map(({ path, fingerprint }) => [path, fingerprint] as const),
		notices: [...notices, ...chosen.notices],
	}
}

interface ChosenSplit {
	readonly name: string
	readonly files: readonly ListedFile[]
}

interface Chosen {
	readonly config?: string
	readonly splits: { readonly train: ChosenSplit; readonly validation?: ChosenSplit; readonly test?: ChosenSplit }
	readonly notices: readonly string[]
}

/** Each file once: unusual cards may list a file in several splits. */
function filesOf({ splits: { train, validation, test } }: Chosen): ListedFile[] {
	return [...new Set([train, validation, test].flatMap((split) => split?.files ?? []))]
}

function choose(listing: DatasetListing, { id, config: wantedConfig, options }: HubDataName): Chosen {
	const { config, splits } = parquetFiles(listing, id, wantedConfig)
	const source = `hf:${id}${config === undefined ? '' : `:${config}`}`
	const names = [...splits.keys()]
	const pick = (split: SplitName): ChosenSplit | undefined => {
		const wanted = options[split]
		if (wanted !== undefined && !splits.has(wanted)) {
			throw new NaptuneError(
				'NAP_NAME_UNKNOWN',
				`${source} has no split ${JSON.stringify(wanted)}; it has ${names.join(', ')}.`,
			)
		}
		const name = wanted ?? aliases[split].find((alias) => splits.has(alias))
		return name === undefined ? undefined : { name, files: entry(splits, name) }
	}
	const train = pick('train')
	const validation = pick('validation')
	const test = pick('test')
	if (!train) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`${source} has no training split; it has ${names.join(', ')}. Name it after the data set: '?train=${names[0]}'.`,
		)
	}
	const used = [train, validation, test].flatMap((split) => (split ? [split.name] : []))
	const twice = used.find((name, index) => used.indexOf(name) !== index)
	if (twice !== undefined) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`The split ${twice} of ${source} would be used twice; choose different ones.`,
		)
	}
	const rest = names.filter((name) => !used.includes(name))
	return {
		...defined({ config }),
		splits: { train, ...defined({ validation: validation || undefined, test: test || undefined }) },
		notices: rest.length > 0 ? [`${source} has other splits, which are not used: ${rest.join(', ')}.`] : [],
	}
}
