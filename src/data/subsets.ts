/** Reduces data sets: some images of every class, or some classes. */

import { at, entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { generator, permutation } from '../random/counter-based.js'
import { type Dataset, labelsOf, positionsByLabel, type Split, subset } from './dataset.js'

/**
 * A seeded choice of `count` images, balanced over the classes: no class has two images more than another, unless the other
 * has no more. With the same seed, a larger choice contains the smaller one. Keeps the order of the split.
 * @throws NaptuneError if `count` is not from 1 to the length of the split.
 */
export function stratifiedSubset(split: Split, count: number, seed: number): Split {
	return subset(split, stratifiedPositions(labelsOf(split), count, seed))
}

/** {@link stratifiedSubset} with at most `limit` images; the split itself if it has no more, or if no limit is given. */
export function atMost(split: Split, limit: number | undefined, seed: number): Split {
	return limit === undefined || limit >= split.length ? split : stratifiedSubset(split, limit, seed)
}

/** The positions of {@link stratifiedSubset}, ascending. */
export function stratifiedPositions(labels: readonly number[], count: number, seed: number): number[] {
	if (!Number.isSafeInteger(count) || count < 1 || count > labels.length) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`Cannot choose ${count} images of ${labels.length}; give a whole number from 1 to ${labels.length}.`,
		)
	}
	const byLabel = positionsByLabel(labels)
	const classes = [...byLabel.keys()].sort((a, b) => a - b)
	const queues = permutation(generator(seed, 'subset-classes'), classes.length).map((where) => {
		const label = at(classes, where)
		const positions = entry(byLabel, label)
		return permutation(generator(seed, 'subset-images', label), positions.length).map((image) => at(positions, image))
	})
	const chosen: number[] = []
	for (let round = 0; chosen.length < count; round++) {
		for (const queue of queues) {
			const position = queue[round]
			if (position !== undefined && chosen.length < count) chosen.push(position)
		}
	}
	return chosen.sort((a, b) => a - b)
}

/**
 * The data set with only these classes; labels follow the given order.
 * @throws NaptuneError for an unknown or repeated name, or fewer than two classes.
 */
export function selectClasses(dataset: Dataset, classNames: readonly string[]): Dataset {
	const unknown = classNames.filter((name) => !dataset.classNames.includes(name))
	if (unknown.length > 0) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`${dataset.name} has no class ${unknown.map((name) => JSON.stringify(name)).join(', ')}. Its classes are ${dataset.classNames.join(', ')}.`,
		)
	}
	if (new Set(classNames).size !== classNames.length || classNames.length < 2) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`At least two different classes are needed; got ${classNames.join(', ') || 'none'}.`,
		)
	}
	const labelOf = new Map(classNames.map((name, label) => [dataset.classNames.indexOf(name), label]))
	const select = (split: Split): Split => {
		const kept = labelsOf(split).flatMap((label, position) => (labelOf.has(label) ? [position] : []))
		const part = subset(split, kept)
		return { ...part, label: (index) => entry(labelOf, part.label(index)) }
	}
	return {
		...dataset,
		classNames,
		train: select(dataset.train),
		validation: select(dataset.validation),
		test: select(dataset.test),
		origin: { ...dataset.origin, classes: classNames },
	}
}
