/** Checks whether data sets are complete. */

import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { at } from '../core/at.js'
import { benchmarks } from '../data/benchmarks/all.js'
import { benchmarksAt } from '../data/benchmarks/benchmark-places.js'
import { type Examination, examinationSchema } from '../data/examination.js'
import { examine } from '../data/examine.js'
import { datasetNames } from '../data/registry.js'
import { countField, dataRootField, seedField } from './common/fields.js'
import { followDownload } from './common/follow-download.js'
import { stopIfAsked } from './common/stopped.js'
import { defineJob, type JobContext, type JobTask, startTask } from './job.js'

/** The input of {@link dataDoctor}. */
export const dataDoctorInput = z.strictObject({
	/** Data set of `dataList`, its folder, a data root with several, or any other source of data. */
	data: z.string(),
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Images to decode: all (hours for ImageNet), or a number of them; 0 for none. */
	decode: z.union([z.literal('all'), z.int().nonnegative()]).default('all'),
	/** Images to decode in parallel; by default the number of cores. */
	parallel: countField.optional(),
	/** Seed of the split, if a folder comes without one. */
	seed: seedField.default(1),
})

/** The result of {@link dataDoctor}: one examination, or one per data set of a data root. */
export const dataDoctorResult = z.union([
	examinationSchema,
	z.object({
		root: z.string().describe('The data root.'),
		examinations: z.array(examinationSchema),
		absent: z.array(z.string()).describe('Published data sets that it does not contain.'),
	}),
])

type Input = z.output<typeof dataDoctorInput>

/**
 * Examines data: classes and images of each split beside the published numbers, missing and unreadable images, the split
 * file. Faults are no error; `problems` lists them.
 * @throws NaptuneError when there is no data at all.
 */
export const dataDoctor = defineJob({
	name: 'data-doctor',
	doc: 'Examine a data set: classes and images of each split beside the published numbers, missing and unreadable images, the split file. With --json, also list the images of every class and all missing files. Exits with 3 when something is wrong.',
	input: dataDoctorInput,
	result: dataDoctorResult,
	async run(input, context) {
		const { data } = input
		const places = datasetNames.includes(data) ? undefined : benchmarksAt(data)
		if (!places) return examined(data, input.dataRoot, input, context)
		const { root, present } = places
		const examinations: Examination[] = []
		for (const { name } of present) examinations.push(await examined(name, root, input, context))
		if (examinations.length === 1 && resolve(data) !== root) return at(examinations, 0)
		const folders = new Set(present.map(({ folder }) => folder))
		const absent = benchmarks.filter(({ folder }) => !folders.has(folder)).map(({ name }) => name)
		return { root, examinations, absent }
	},
})

async function examined(
	data: string,
	root: string | undefined,
	{ decode, seed, parallel = availableParallelism() }: Input,
	context: JobContext,
): Promise<Examination> {
	let task: JobTask | undefined
	const download = followDownload(context)
	return examine(data, {
		root: root === undefined ? undefined : resolve(root),
		seed,
		decode,
		parallel,
		onProgress(done, total) {
			task ??= startTask(context, 'decoding', total, 'images')
			task.update(done)
			stopIfAsked(context)
		},
		onDownload: download.onProgress,
	}).finally(() => {
		download.end()
		task?.end()
	})
}
