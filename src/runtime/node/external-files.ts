/** Resolves the real locations of a graph's weight files. */

import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, relative, sep } from 'node:path'
import { NaptuneError } from '../../core/errors.js'

/** External files in the form that ONNX Runtime needs: one directory it may read from, and files elsewhere. */
export interface ExternalFiles {
	/** Real directory of most of the weights; absent without external files. */
	readonly directory?: string
	/** Base names of the files in that directory. */
	readonly names: readonly string[]
	/** Real paths of files in other directories, whose weights must go into the graph itself. */
	readonly elsewhere: readonly string[]
}

/**
 * The real path of a file, with symlinks resolved.
 * @throws NaptuneError when it cannot be read.
 */
export function realFile(file: string): string {
	try {
		const path = realpathSync(file)
		accessSync(path, constants.R_OK)
		return path
	} catch (cause) {
		throw new NaptuneError(
			'NAP_FILE_UNREADABLE',
			`The weights file ${file} cannot be read; restore it, or download the checkpoint again.`,
			{
				cause,
			},
		)
	}
}

/**
 * Refuses weight files outside the folder of their model, for the same reason as `..` in names: a link may lead anywhere. If
 * the model itself is a link, as in a hub cache, its target's folder counts as well.
 * @throws NaptuneError naming the first such file.
 */
export function refuseForeignWeights(model: string, files: readonly string[]): void {
	if (files.length === 0) return
	const folders = [realpathSync(dirname(model)), dirname(realpathSync(model))]
	for (const file of files) {
		const real = realFile(file)
		const inside = folders.some((folder) => {
			const path = relative(folder, real)
			return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path)
		})
		if (!inside) {
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`The weights file ${file} is a link to ${real}, outside the folder of the model; only files inside that folder are allowed. Copy the file there.`,
			)
		}
	}
}

/**
 * Resolves symlinks, because ONNX Runtime refuses links that leave the folder, and a hub cache consists of such links.
 * The directory with the most bytes becomes the folder; graphs name files by their base names.
 * @throws NaptuneError when a file is missing, or two different files have the same base name.
 */
export function resolveExternalFiles(files: readonly string[]): ExternalFiles {
	const real = new Map<string, number>()
	for (const file of files) {
		const path = realFile(file)
		real.set(path, statSync(path).size)
	}
	if (real.size === 0) return { names: [], elsewhere: [] }

	const byName = new Map<string, string>()
	const directories = new Map<string, number>()
	for (const [path, size] of real) {
		const twin = byName.get(basename(path))
		if (twin) {
			throw new NaptuneError(
				'NAP_GRAPH_INVALID',
				`One graph uses weights of ${twin} and of ${path}, two files with the same name, which ONNX cannot distinguish; rename or copy one of them.`,
			)
		}
		byName.set(basename(path), path)
		directories.set(dirname(path), (directories.get(dirname(path)) ?? 0) + size)
	}
	const [directory] = [...directories].reduce((largest, entry) => (entry[1] > largest[1] ? entry : largest))
	const paths = [...real.keys()]
	return {
		directory,
		names: paths.filter((path) => dirname(path) === directory).map((path) => basename(path)),
		elsewhere: paths.filter((path) => dirname(path) !== directory),
	}
}
