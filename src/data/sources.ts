/** Data that is neither a known data set nor a folder of class folders: manifests, and data sets of the hub. */

import { statSync } from 'node:fs'
import type { DownloadProgress } from '../hub/hub-download.js'
import type { Dataset } from './dataset.js'
import { isHubDataName } from './hub/hub-data-name.js'
import { isManifestName } from './manifests/manifest-name.js'

/** What loading may need. */
export interface SourceOptions {
	/** Of the split, where the data comes without one; 1 by default. */
	readonly seed?: number
	/** Called with how far the download of a file is, where data is fetched. */
	readonly onProgress?: (progress: DownloadProgress) => void
}

/** The forms, for errors and help. */
export const sourceForms = 'a manifest (.csv, .tsv, .json, .jsonl) or hf:owner/name'

/** Whether a text names data of this kind. A folder whose name ends like a manifest's is a folder. */
export function isSource(text: string): boolean {
	if (isHubDataName(text)) return true
	return isManifestName(text) && !statSync(text, { throwIfNoEntry: false })?.isDirectory()
}

/**
 * Loads data of this kind; undefined where it is something else.
 * @throws NaptuneError as `loadManifest` and `loadHubData`.
 */
export async function loadSource(text: string, options: SourceOptions = {}): Promise<Dataset | undefined> {
	if (!isSource(text)) return undefined
	const { seed = 1, onProgress } = options
	// Libraries that read tables, Parquet files and the hub are needed for such data alone.
	if (!isHubDataName(text)) {
		const { loadManifest } = await import('./manifests/manifest.js')
		return loadManifest(text, seed)
	}
	const { loadHubData } = await import('./hub/hub-data.js')
	return loadHubData(text, seed, onProgress)
}
