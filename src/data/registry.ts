/** The data sets that can be named on the command line. */

import { existsSync } from 'node:fs'
import { NaptuneError } from '../errors.js'
import { loadCifar10Mini } from './cifar10-mini.js'
import type { Dataset } from './dataset.js'
import { loadFolder } from './folder.js'

const named: Readonly<Record<string, (options: LoadOptions) => Promise<Dataset>>> = {
	'cifar10-mini': () => loadCifar10Mini(),
}

/** Names that {@link loadDataset} knows. */
export const datasetNames: readonly string[] = Object.keys(named)

/** What loading may need beside a name. */
export interface LoadOptions {
	/** Of the split, where a folder comes without one; 1 by default. */
	readonly seed?: number
	/** Folder that holds the folders of named data sets, such as `caltech-101`. */
	readonly root?: string | undefined
}

/**
 * Loads a data set by its name, or a folder of class folders by its path. A folder with the name of a known data set is
 * reached as `./name`.
 * @throws NaptuneError when it is neither a known name nor a usable folder.
 */
export async function loadDataset(nameOrPath: string, options: LoadOptions = {}): Promise<Dataset> {
	const load = Object.hasOwn(named, nameOrPath) ? named[nameOrPath] : undefined
	if (load) return load(options)
	if (!existsSync(nameOrPath)) {
		throw new NaptuneError(
			`${JSON.stringify(nameOrPath)} is neither a known data set (${datasetNames.join(', ')}) nor a folder that exists.`,
		)
	}
	return loadFolder(nameOrPath, options.seed ?? 1)
}
