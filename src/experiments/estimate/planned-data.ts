/** Data sets that are not there, by what was published of them: enough to plan with, and nothing to compute on. */

import { NaptuneError } from '../../core/errors.js'
import { benchmarks } from '../../data/benchmarks/all.js'
import type { Dataset, Split } from '../../data/dataset.js'
import { sha256OfBytes } from '../../files/sha256.js'

/**
 * A data set with the published numbers of classes and images.
 * @returns Undefined for one that nothing was published of.
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

/** Images that are counted and cannot be looked at, balanced over the classes. */
function countedSplit(name: string, length: number, classes: number): Split {
	return {
		length,
		label: (index) => index % classes,
		id: (index) => String(index),
		image: async () => {
			throw new NaptuneError('NAP_INTERNAL', `${name} is planned with and not there. This is a fault of the plan.`)
		},
	}
}
