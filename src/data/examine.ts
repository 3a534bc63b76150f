/** Examines a data set before use: what exists, what is missing, and what differs from the published version. */

import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { benchmarks } from './benchmarks/all.js'
import type { Benchmark } from './benchmarks/benchmark.js'
import { fingerprintsOf, listFiles, openBenchmark } from './benchmarks/open-benchmark.js'
import { sameSpoken } from './benchmarks/spoken-names.js'
import { type Dataset, labelsOf } from './dataset.js'
import type { Examination, ExaminedList, ExaminedSplit } from './examination.js'
import { type SplitName, splitNames } from './folders/listing.js'
import { type ImagePlace, type ImageSurvey, surveyImages } from './folders/survey-images.js'
import { datasetNames, type LoadOptions, loadDataset } from './registry.js'

/** Options of an examination. */
export interface ExamineOptions {
	readonly root?: string | undefined
	/** Seed of the split, for a folder that has none. */
	readonly seed?: number
	/** Images to decode: all, or a number spread evenly over all; 0 for none. */
	readonly decode: 'all' | number
	/** Images to decode at a time. */
	readonly parallel: number
	/** Called with the number of decoded images and their total; if it throws, the examination ends. */
	readonly onProgress?: (done: number, total: number) => void
	/** Called with the progress of a download, if data is fetched. */
	readonly onDownload?: LoadOptions['onProgress']
}

/**
 * Examines anything that `loadDataset` accepts: a data set by name, a folder of images or a manifest by path, or a data set
 * of the hub. Problems are part of the result.
 * @throws NaptuneError if no such data exists, the hub does not serve it, or a data set that needs a root has none.
 */
export async function examine(nameOrPath: string, options: ExamineOptions): Promise<Examination> {
	const { root, seed, onDownload } = options
	const benchmark = benchmarks.find(({ name }) => name === nameOrPath)
	const obtain = benchmark?.obtain ?? []
	const lists = benchmark && options.root !== undefined ? await examineLists(benchmark, options.root) : []
	const folder = benchmark
		? options.root !== undefined && join(resolve(options.root), benchmark.folder)
		: !datasetNames.includes(nameOrPath) && existsSync(nameOrPath) && resolve(nameOrPath)
	const place = folder ? { folder } : {}
	try {
		const opened = benchmark
			? await openBenchmark(benchmark, options.root)
			: {
					dataset: await loadDataset(nameOrPath, {
						root,
						...defined({ seed, onProgress: onDownload || undefined }),
					}),
					missing: [],
					deviations: [],
				}
		return { ...(await examined(opened, benchmark, options)), ...place, lists, obtain }
	} catch (error) {
		const expected = error instanceof NaptuneError && (benchmark ? options.root !== undefined : existsSync(nameOrPath))
		if (!expected) throw error
		// The advice on where to get it appears once, at the end.
		const [reason] = error.message.split('\nWhere to get ')
		return {
			name: nameOrPath,
			...defined({ title: benchmark ? benchmark.title : undefined }),
			...place,
			classNames: [],
			lists,
			missing: [],
			sameNames: [],
			notices: [],
			problems: [reason!],
			obtain,
		}
	}
}

async function examined(
	opened: { readonly dataset: Dataset; readonly missing: readonly string[]; readonly deviations: readonly string[] },
	benchmark: Benchmark | undefined,
	{ decode, parallel, onProgress = () => {} }: ExamineOptions,
): Promise<Omit<Examination, 'folder' | 'lists' | 'obtain'>> {
	const { dataset, missing, deviations } = opened
	const { classNames } = dataset
	const splits = Object.fromEntries(splitNames.map((name) => [name, examineSplit(dataset, name, benchmark)])) as Record<
		SplitName,
		ExaminedSplit
	>
	const present = placesOf(dataset, new Set(missing))
	const chosen = decode === 'all' || decode >= present.length ? present : spread(present, decode)
	const survey =
		chosen.length > 0 ? await surveyImages(chosen, parallel, (done) => onProgress(done, chosen.length)) : undefined
	return {
		name: dataset.name,
		...defined({ title: benchmark ? benchmark.title : undefined }),
		classNames,
		splits,
		missing,
		...defined({ decoded: survey ? { ...survey, of: present.length } : undefined }),
		sameNames: sameSpoken(classNames).map((labels) => ({ name: at(classNames, at(labels, 0)), labels })),
		notices: dataset.notices.filter((notice) => !deviations.includes(notice)),
		problems: [...deviations, ...missingText(missing), ...unreadableText(survey?.unreadable ?? [])],
	}
}

function examineSplit(dataset: Dataset, name: SplitName, benchmark: Benchmark | undefined): ExaminedSplit {
	const perClass = dataset.classNames.map(() => 0)
	for (const label of labelsOf(dataset[name])) perClass[label]!++
	return {
		images: dataset[name].length,
		...defined({ published: benchmark ? benchmark.sizes[name] : undefined }),
		perClass,
	}
}

async function examineLists(benchmark: Benchmark, root: string): Promise<ExaminedList[]> {
	const { layout } = benchmark
	const found: ExaminedList[] = []
	for (const name of listFiles(benchmark)) {
		const path = join(resolve(root), benchmark.folder, name)
		if (!(await stat(path).catch(() => undefined))?.isFile()) continue
		const own = fingerprintsOf(await readFile(path))
		const published = layout.kind === 'split-file' ? { published: own.gitBlob === layout.file.gitBlob } : {}
		found.push({ path, ...own, ...published })
	}
	return found
}

function placesOf(dataset: Dataset, missing: ReadonlySet<string>): ImagePlace[] {
	return splitNames.flatMap((name) => {
		const split = dataset[name]
		const indices = Array.from({ length: split.length }, (_, index) => index)
		return indices.filter((index) => !missing.has(split.id(index))).map((index) => ({ split, index }))
	})
}

function spread(places: readonly ImagePlace[], count: number): ImagePlace[] {
	return Array.from({ length: count }, (_, position) => at(places, Math.floor((position * places.length) / count)))
}

function missingText(missing: readonly string[]): string[] {
	if (missing.length === 0) return []
	return [`${missing.length} of the images are missing: ${firstOf(missing)}.`]
}

function unreadableText(unreadable: ImageSurvey['unreadable']): string[] {
	const more = unreadable.length > 5 ? [`${unreadable.length - 5} more images are unreadable.`] : []
	return [...unreadable.slice(0, 5).map(({ reason }) => reason), ...more]
}

function firstOf(items: readonly string[]): string {
	return items.length > 3 ? `${items.slice(0, 3).join(', ')} and ${items.length - 3} more` : items.join(', ')
}
