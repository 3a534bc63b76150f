/** Published data sets found by where they lie rather than by their names. */

import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { benchmarks } from './all.js'
import type { Benchmark } from './benchmark.js'
import { listFiles } from './open-benchmark.js'

/** What lies at a path. */
export interface BenchmarkPlaces {
	/** The data root. */
	readonly root: string
	/** Those whose folders are there, whole or not; of two that share a folder the first. */
	readonly present: readonly Benchmark[]
}

/**
 * The published data set that a folder holds, or all that a data root does.
 * @returns Undefined where the folder is neither, such as one of class folders.
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

/** Those of which the folder holds anything; a folder of the same name may be a class of somebody's pictures. */
function inFolder(place: string, candidates: readonly Benchmark[]): Benchmark[] {
	const held = candidates.filter((benchmark) =>
		[...benchmark.images, ...listFiles(benchmark)].some((part) => existsSync(join(place, part))),
	)
	return held.slice(0, 1)
}
