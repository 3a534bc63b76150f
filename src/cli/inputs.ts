/** Models and data as they are named on the command line. */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Option } from 'commander'
import { embeddedModel } from '../checkpoints/checkpoint.js'
import { loadClip } from '../checkpoints/load-clip.js'
import { defined } from '../core/defined.js'
import type { Dataset, Split } from '../data/dataset.js'
import { datasetNames, loadDataset } from '../data/registry.js'
import { sourceForms } from '../data/sources.js'
import { atMost } from '../data/subsets.js'
import type { ClipModel } from '../vlm/model.js'
import { followDownload } from './follow-download.js'
import type { Session } from './session.js'

/** The data set that comes with the package. */
export const packagedData = 'cifar10-mini'

/** `--model`. */
export function modelOption(): Option {
	return new Option('--model <folder-or-id>', 'CLIP checkpoint: a folder, or an id of the Hugging Face hub').default(
		embeddedModel,
		'nano, the model of the package',
	)
}

/** `--data`. */
export function dataOption(): Option {
	return new Option(
		'--data <folder-or-name>',
		`folder with one folder of images per class, ${sourceForms}, or a data set: ${datasetNames.join(', ')}`,
	).default(packagedData)
}

/** `--data-root`. @param fallback What is taken without it, in words. */
export function dataRootOption(fallback = 'none'): Option {
	const option = new Option(
		'--data-root <folder>',
		`folder that holds the folders of named data sets, such as caltech-101 (default: ${fallback})`,
	)
	// An empty variable is one that is not set; as a path it would be the folder one happens to be in.
	return process.env.NAPTUNE_DATA_ROOT === '' ? option : option.env('NAPTUNE_DATA_ROOT')
}

/**
 * Loads a model. Folders are recorded by their whole path, so that a run can be used from elsewhere.
 * @param session Shows a download, and may stop it.
 */
export function loadModel(source: string, session?: Session): Promise<ClipModel> {
	const place = source !== embeddedModel && existsSync(source) ? resolve(source) : source
	if (!session) return loadClip(place)
	const { onProgress, end } = followDownload(session)
	const onNotice = (notice: string) => session.progress.line(`note: ${notice}`)
	return loadClip(place, { onProgress, onNotice }).finally(end)
}

/** Loads data, whose images the session's threads read, and passes on what a person must be told about it. */
export async function loadData(session: Session, nameOrFolder: string, seed: number, root?: string): Promise<Dataset> {
	const { onProgress, end } = followDownload(session)
	const options = { seed, onProgress, ...defined({ root }) }
	const dataset = await loadDataset(nameOrFolder, options).finally(end)
	for (const notice of dataset.notices) session.progress.line(`note: ${notice}`)
	return session.imageLoader().dataset(dataset)
}

/** The images of a split that `--split`, `--limit` and `--seed` choose. */
export function chosenImages(
	dataset: Dataset,
	{
		split,
		limit,
		seed,
	}: { readonly split: 'train' | 'validation' | 'test'; readonly limit?: number; readonly seed: number },
): Split {
	return atMost(dataset[split], limit, seed)
}
