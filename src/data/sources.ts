/** Loads data that is neither a known data set nor a folder of class folders: manifests, and data sets of the hub. */

import { statSync } from 'node:fs'
import type { DownloadProgress } from '../hub/hub-download.js'
import type { Dataset } from './dataset.js'
import { isHubDataName } from './hub/hub-data-name.js'
import { isManifestName } from './manifests/manifest-name.js'

/** Options of loading. */
export interface SourceOptions {
	/** Seed of the split, if the data has none; default 1. */
	readonly seed?: number
	/** Called with the progress of a download, if data is fetched. */
	readonly onProgress?: (progress: DownloadProgress) => void
}

/** The forms, for errors and help. */
export const sourceForms = 'a manifest (.csv, .tsv, .json, .jsonl) or hf:owner/name'

/** Whether a text names data of this kind. A folder whose name ends like a manifest is a folder. */
export function isSource(text: string): boolean {
	if (isHubDataName(text)) return true
	return isManifestName(text) && !statSync(text, { throwIfNoEntry: false })?.isDirectory()
}

/**
 * Loads data of this kind; undefined for anything else.
 * @throws NaptuneError as `loadManifest` and `loadHubData`.
 */
export async function loadSource(text: string, options: SourceOptions = {}): Promise<Dataset | undefined> {
	if (!isSource(text)) return undefined
	const { seed = 1, onProgress } = options
	// Only such data needs the libraries for tables, Parquet files and the hub.
	if (!isHubDataName(text)) {
		const { loadManifest } = await import('./manifests/manifest.js')
		return loadManifest(text, seed)
	}
	const { loadHubData } = await import('./hub/hub-data.js')
	return loadHubData(text, seed, onProgress)
}
