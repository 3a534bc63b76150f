/** The named data sets. */

import { existsSync } from 'node:fs'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { didYouMeanPath } from '../files/nearest-path.js'
import { benchmarks } from './benchmarks/all.js'
import { loadBenchmark } from './benchmarks/open-benchmark.js'
import { loadCifar10Mini } from './cifar10-mini.js'
import type { Dataset } from './dataset.js'
import { loadFolder } from './folders/folder.js'
import { loadSource, type SourceOptions, sourceForms } from './sources.js'

const named: Readonly<Record<string, (options: LoadOptions) => Promise<Dataset>>> = {
	'cifar10-mini': () => loadCifar10Mini(),
	...Object.fromEntries(
		benchmarks.map((benchmark) => [benchmark.name, ({ root }: LoadOptions) => loadBenchmark(benchmark, root)]),
	),
}

/** Names that {@link loadDataset} accepts. */
export const datasetNames: readonly string[] = Object.keys(named)

/** Options of loading besides the name. */
export interface LoadOptions extends SourceOptions {
	/** Folder that holds the folders of named data sets, such as `caltech-101`. */
	readonly root?: string | undefined
}

/**
 * Loads a data set by name, a folder of class folders or a manifest by path, or a data set of the Hugging Face hub as
 * `hf:owner/name`. For a folder with the name of a known data set, use `./name`.
 * @throws NaptuneError if it is none of these, or unusable.
 */
export async function loadDataset(nameOrPath: string, options: LoadOptions = {}): Promise<Dataset> {
	const load = Object.hasOwn(named, nameOrPath) ? named[nameOrPath] : undefined
	if (load) return load(options)
	const source = await loadSource(nameOrPath, options)
	if (source) return source
	if (!existsSync(nameOrPath)) {
		throw new NaptuneError(
			'NAP_DATA_UNKNOWN',
			`${JSON.stringify(nameOrPath)} is neither a known data set (${datasetNames.join(', ')}) nor an existing folder, nor ${sourceForms}.${didYouMean(nameOrPath, datasetNames) || didYouMeanPath(nameOrPath)}`,
		)
	}
	return loadFolder(nameOrPath, options.seed ?? 1)
}
