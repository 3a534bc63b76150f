/** Stand-ins for missing data sets, from published counts: enough to plan with, but not to compute on. */

import { NaptuneError } from '../../core/errors.js'
import { benchmarks } from '../../data/benchmarks/all.js'
import type { Dataset, Split } from '../../data/dataset.js'
import { sha256OfBytes } from '../../files/sha256.js'

/**
 * A data set with the published numbers of classes and images.
 * @returns Undefined if nothing was published.
 */
export function plannedDataset(name: string): Dataset | undefined {
	const benchmark = benchmarks.find((one) => one.name === name)
	if (!benchmark) return undefined
	const { classes, sizes } = benchmark
	return {
		name,
		classNames: Array.from({ length: classes }, (_, label) => `class ${label}`),
		train: countedSplit(name, sizes.train, classes),
		validation: countedSplit(name, sizes.validation, classes),
		test: countedSplit(name, sizes.test, classes),
		notices: [],
		origin: { dataset: name, root: 'not there', contents: sha256OfBytes(`counts of ${name}`) },
	}
}

/** Images that are counted but not available, balanced over the classes. */
function countedSplit(name: string, length: number, classes: number): Split {
	return {
		length,
		label: (index) => index % classes,
		id: (index) => String(index),
		image: async () => {
			throw new NaptuneError('NAP_INTERNAL', `${name} is only a plan and has no data. This is a bug in the plan.`)
		},
	}
}
