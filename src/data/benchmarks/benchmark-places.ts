/** Finds published data sets by their location rather than by name. */

import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { benchmarks } from './all.js'
import type { Benchmark } from './benchmark.js'
import { listFiles } from './open-benchmark.js'

/** The data sets at a path. */
export interface BenchmarkPlaces {
	/** The data root. */
	readonly root: string
	/** Those whose folders exist, complete or not; of two that share a folder, the first. */
	readonly present: readonly Benchmark[]
}

/**
 * The published data set in a folder, or all in a data root.
 * @returns Undefined if the folder is neither, such as a folder of class folders.
 */
export function benchmarksAt(path: string): BenchmarkPlaces | undefined {
	const place = resolve(path)
	const own = inFolder(
		place,
		benchmarks.filter(({ folder }) => folder === basename(place)),
	)
	if (own.length > 0) return { root: dirname(place), present: own }
	const below = benchmarks.flatMap((benchmark) => inFolder(join(place, benchmark.folder), [benchmark]))
	const present = below.filter(({ folder }, index) => below.findIndex((other) => other.folder === folder) === index)
	return present.length > 0 ? { root: place, present } : undefined
}

/** Those with any part in the folder; a folder with the same name may be a class of somebody's pictures. */
function inFolder(place: string, candidates: readonly Benchmark[]): Benchmark[] {
	const held = candidates.filter((benchmark) =>
		[...benchmark.images, ...listFiles(benchmark)].some((part) => existsSync(join(place, part))),
	)
	return held.slice(0, 1)
}
