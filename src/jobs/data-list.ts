/** Lists the named data sets, and which of them are present. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { benchmarks } from '../data/benchmarks/all.js'
import { listFiles } from '../data/benchmarks/open-benchmark.js'
import { loadCifar10Mini } from '../data/cifar10-mini.js'
import { zeroShotTemplate } from '../data/templates.js'
import { count, positive } from '../records/parts/fields.js'
import { dataRootField } from './common/fields.js'
import { packagedData } from './common/inputs.js'
import { defineJob } from './job.js'

/** The input of {@link dataList}. */
export const dataListInput = z.strictObject({
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
})

/** The result of {@link dataList}. */
export const dataListResult = z.object({
	root: z.string().nullable().describe('The folder searched for them; null without a data root.'),
	datasets: z.array(
		z.object({
			name: z.string(),
			title: z.string().describe('Name as papers write it.'),
			folder: z.string().nullable().describe('Path below the data root; null for the data set in the package.'),
			classes: positive,
			sizes: z.object({ train: count, validation: count, test: count }).describe('Published numbers of images.'),
			template: z.string().describe('Prompt of vanilla CLIP; `{}` stands for a class name.'),
			missing: z
				.array(z.string())
				.nullable()
				.describe('Its missing parts below the data root; null without a data root.'),
		}),
	),
})

/** Lists the named data sets, and which of them are present. */
export const dataList = defineJob({
	name: 'data-list',
	doc: 'List the named data sets, and show which of them are present.',
	input: dataListInput,
	result: dataListResult,
	async run({ dataRoot }) {
		const root = dataRoot === undefined ? undefined : resolve(dataRoot)
		const packaged = await loadCifar10Mini()
		const { train, validation, test } = packaged
		return {
			root: root ?? null,
			datasets: [
				{
					name: packagedData,
					title: 'CIFAR-10 (part)',
					folder: null,
					classes: packaged.classNames.length,
					sizes: { train: train.length, validation: validation.length, test: test.length },
					template: zeroShotTemplate(packagedData),
					missing: [],
				},
				...benchmarks.map((benchmark) => {
					const { name, title, folder, classes, sizes, images } = benchmark
					const parts = ['', ...images, ...listFiles(benchmark)]
					const missing =
						root === undefined
							? null
							: parts.filter((part) => !existsSync(join(root, folder, part))).map((part) => join(folder, part))
					return { name, title, folder, classes, sizes, template: zeroShotTemplate(name), missing }
				}),
			],
		}
	},
})
