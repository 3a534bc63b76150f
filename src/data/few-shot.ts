/**
 * Draws few-shot samples like CoOp and Dassl (Dassl, `dassl/data/datasets/base_dataset.py`): the same list gives the same
 * images in the same order as the published index files.
 */

import { NaptuneError } from '../core/errors.js'
import { type PythonRandom, pythonRandom } from '../random/python-random.js'
import { type Dataset, labelsOf, positionsByLabel, subset } from './dataset.js'

/**
 * Positions of `shots` images per class. Classes come in order of their first image; a class with fewer images contributes
 * all of them. The same generator may continue on the next list.
 */
export function fewShotPositions(labels: readonly number[], shots: number, random: PythonRandom): number[] {
	checkShots(shots)
	return [...positionsByLabel(labels).values()].flatMap((positions) =>
		positions.length >= shots ? random.sample(positions, shots) : positions,
	)
}

/**
 * The data set with `shots` training images per class and at most four validation images per class; the test images stay.
 * The few-shot list is in the published order, class by class.
 * @param seed For Python's generator; published results use 1, 2 and 3.
 * @throws NaptuneError if `shots` is not a whole number of at least 1.
 */
export function fewShot(dataset: Dataset, shots: number, seed: number): Dataset {
	checkShots(shots)
	const random = pythonRandom(seed)
	const labels = labelsOf(dataset.train)
	const train = subset(dataset.train, fewShotPositions(labels, shots, random))
	const validation = subset(
		dataset.validation,
		fewShotPositions(labelsOf(dataset.validation), Math.min(shots, 4), random),
	)
	return {
		...dataset,
		train,
		validation,
		notices: [...dataset.notices, ...scarce(dataset.classNames, labels, shots)],
		origin: { ...dataset.origin, fewShot: { shots, seed, procedure: 'CoOp' } },
	}
}

function checkShots(shots: number): void {
	if (!Number.isSafeInteger(shots) || shots < 1) {
		throw new NaptuneError('NAP_ARGUMENT_INVALID', `Shots must be a whole number of at least 1; got ${shots}.`)
	}
}

function scarce(classNames: readonly string[], labels: readonly number[], shots: number): string[] {
	const counts = classNames.map(() => 0)
	for (const label of labels) counts[label]!++
	const short = counts.flatMap((count, label) => (count < shots ? [`${classNames[label]} (${count})`] : []))
	if (short.length === 0) return []
	const more = short.length > 5 ? ` and ${short.length - 5} more` : ''
	return [
		`${short.length} of ${classNames.length} classes have fewer than ${shots} training images, so all of theirs are used: ${short.slice(0, 5).join(', ')}${more}.`,
	]
}
