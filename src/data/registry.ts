/** The data sets that can be named on the command line. */

import { existsSync } from 'node:fs'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { didYouMeanPath } from '../files/nearest-path.js'
import type { Benchmark } from './benchmarks/benchmark.js'
import { caltech101 } from './benchmarks/caltech101.js'
import { dtd } from './benchmarks/dtd.js'
import { eurosat } from './benchmarks/eurosat.js'
import { fgvcAircraft } from './benchmarks/fgvc-aircraft.js'
import { food101 } from './benchmarks/food101.js'
import { imagenet, imagenet1000 } from './benchmarks/imagenet.js'
import { loadBenchmark } from './benchmarks/open-benchmark.js'
import { oxfordFlowers } from './benchmarks/oxford-flowers.js'
import { oxfordPets } from './benchmarks/oxford-pets.js'
import { stanfordCars } from './benchmarks/stanford-cars.js'
import { sun397 } from './benchmarks/sun397.js'
import { ucf101 } from './benchmarks/ucf101.js'
import { loadCifar10Mini } from './cifar10-mini.js'
import type { Dataset } from './dataset.js'
import { loadFolder } from './folders/folder.js'
import { loadSource, type SourceOptions, sourceForms } from './sources.js'

/** The published data sets, in the order of the paper's tables. */
export const benchmarks: readonly Benchmark[] = [
	imagenet,
	imagenet1000,
	caltech101,
	dtd,
	eurosat,
	fgvcAircraft,
	food101,
	oxfordFlowers,
	oxfordPets,
	stanfordCars,
	sun397,
	ucf101,
]

const named: Readonly<Record<string, (options: LoadOptions) => Promise<Dataset>>> = {
	'cifar10-mini': () => loadCifar10Mini(),
	...Object.fromEntries(
		benchmarks.map((benchmark) => [benchmark.name, ({ root }: LoadOptions) => loadBenchmark(benchmark, root)]),
	),
}

/** Names that {@link loadDataset} knows. */
export const datasetNames: readonly string[] = Object.keys(named)

/** What loading may need beside a name. */
export interface LoadOptions extends SourceOptions {
	/** Folder that holds the folders of named data sets, such as `caltech-101`. */
	readonly root?: string | undefined
}

/**
 * Loads a data set by its name, a folder of class folders or a manifest by its path, or a data set of the Hugging Face hub
 * as `hf:owner/name`. A folder with the name of a known data set is reached as `./name`.
 * @throws NaptuneError when it is none of these, or cannot be used.
 */
export async function loadDataset(nameOrPath: string, options: LoadOptions = {}): Promise<Dataset> {
	const load = Object.hasOwn(named, nameOrPath) ? named[nameOrPath] : undefined
	if (load) return load(options)
	const source = await loadSource(nameOrPath, options)
	if (source) return source
	if (!existsSync(nameOrPath)) {
		throw new NaptuneError(
			'NAP_DATA_UNKNOWN',
			`${JSON.stringify(nameOrPath)} is neither a known data set (${datasetNames.join(', ')}) nor a folder that exists, and not ${sourceForms}.${didYouMean(nameOrPath, datasetNames) || didYouMeanPath(nameOrPath)}`,
		)
	}
	return loadFolder(nameOrPath, options.seed ?? 1)
}
