/** Completes the splits of a data source to the three that naptune needs, and reports what it made up. */

import { at, entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import type { SplitOrigin } from '../records/parts/data-origin.js'
import { splitClasses, splitRule } from './folders/folder-split.js'

/** Lists for the three splits. */
export interface Splits<T> {
	readonly train: readonly T[]
	readonly validation: readonly T[]
	readonly test: readonly T[]
}

/** An image before it is read. */
interface Sample {
	readonly id: string
	readonly label: number
}

/** Splits to work with. */
export interface SettledSplits<T> extends Splits<T> {
	/** One sentence for everything made up or amiss. */
	readonly notices: readonly string[]
	/** Part of the data set's origin. */
	readonly origin: SplitOrigin
}

/**
 * The same rule as for class folders: without test images, the validation images are the test split; without both, the seed
 * splits all images.
 * @param given The splits of the source.
 * @param source Its name in notices and errors.
 * @throws NaptuneError for no training images or fewer than two training classes, a class that has test but no training
 * images, or a class with one image if a split must be drawn.
 */
export function settleSplits<T extends Sample>(
	given: Splits<T>,
	classNames: readonly string[],
	source: string,
	seed: number,
): SettledSplits<T> {
	if (given.train.length === 0) throw new NaptuneError('NAP_DATA_INVALID', `${source} has no training images.`)
	if (new Set(given.train.map(({ label }) => label)).size < 2) {
		throw new NaptuneError(
			'NAP_DATA_INVALID',
			`${source} has training images of only one class, ${JSON.stringify(classNames[given.train[0]?.label ?? 0])}; classification needs at least two.`,
		)
	}
	if (given.test.length > 0) return checked(given, classNames, source, [])
	if (given.validation.length > 0) {
		const notice = `${source} has no test split, so its validation images are the test split, and validation is empty.`
		return checked({ ...given, validation: [], test: given.validation }, classNames, source, [notice])
	}
	return drawn(given.train, classNames, source, seed)
}

function drawn<T extends Sample>(
	all: readonly T[],
	classNames: readonly string[],
	source: string,
	seed: number,
): SettledSplits<T> {
	const position = new Map(all.map(({ id }, index) => [id, index]))
	const idsByLabel = classNames.map((): string[] => [])
	for (const { id, label } of all) at(idsByLabel, label).push(id)
	const single = idsByLabel.findIndex((ids) => ids.length === 1)
	if (single >= 0) {
		throw new NaptuneError(
			'NAP_DATA_INVALID',
			`The class ${JSON.stringify(classNames[single])} of ${source} has one image, but it needs one to train and one to test. Add images, or mark images for training and testing.`,
		)
	}
	const classes = classNames.flatMap((name, label) => {
		const images = at(idsByLabel, label).sort()
		return images.length === 0 ? [] : [{ name, images }]
	})
	const parts = splitClasses(classes, seed)
	const listOf = (part: typeof parts.train): T[] =>
		part
			.flatMap(({ images }) => images.map((id) => entry(position, id)))
			.sort((a, b) => a - b)
			.map((index) => at(all, index))
	const train = listOf(parts.train)
	const validation = listOf(parts.validation)
	const test = listOf(parts.test)
	const counts = `${train.length} training, ${validation.length} validation and ${test.length} test images`
	return {
		train,
		validation,
		test,
		notices: [
			...absent(train, classNames, source, 'training'),
			`${source} has no test split, so its images were split with seed ${seed} into ${counts} (${splitRule}); numbers from another split are not comparable.`,
		],
		origin: { split: 'drawn', splitSeed: seed, splitRule },
	}
}

function checked<T extends Sample>(
	splits: Splits<T>,
	classNames: readonly string[],
	source: string,
	notices: readonly string[],
): SettledSplits<T> {
	const trained = new Set(splits.train.map(({ label }) => label))
	const unknown = [...splits.validation, ...splits.test].find(({ label }) => !trained.has(label))
	if (unknown) {
		throw new NaptuneError(
			'NAP_DATA_INVALID',
			`${source} has no training images of the class ${JSON.stringify(classNames[unknown.label])}, to which ${unknown.id} belongs. Add some, or remove the class.`,
		)
	}
	return {
		...splits,
		notices: [
			...notices,
			...absent(splits.train, classNames, source, 'training'),
			...absent(splits.validation, classNames, source, 'validation'),
			...absent(splits.test, classNames, source, 'test'),
		],
		origin: { split: 'given' },
	}
}

function absent(samples: readonly Sample[], classNames: readonly string[], source: string, split: string): string[] {
	if (samples.length === 0) return []
	const present = new Set(samples.map(({ label }) => label))
	const missing = classNames.filter((_, label) => !present.has(label))
	if (missing.length === 0) return []
	const shown = missing.length > 5 ? `${missing.slice(0, 5).join(', ')} and others` : missing.join(', ')
	return [`${source} has no ${split} images of ${missing.length} of ${classNames.length} classes: ${shown}.`]
}
