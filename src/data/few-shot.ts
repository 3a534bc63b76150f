/**
 * Few-shot samples as CoOp and Dassl draw them (Dassl, `dassl/data/datasets/base_dataset.py`): given the same list, the
 * very same images in the same order as in the published index files.
 */

import { NaptuneError } from '../core/errors.js'
import { type PythonRandom, pythonRandom } from '../random/python-random.js'
import { type Dataset, labelsOf, positionsByLabel, subset } from './dataset.js'

/**
 * Positions of `shots` images per class. Classes come in the order of their first image, a class with fewer images gives
 * all of them. A generator may be passed on from one list to the next.
 */
export function fewShotPositions(labels: readonly number[], shots: number, random: PythonRandom): number[] {
	checkShots(shots)
	return [...positionsByLabel(labels).values()].flatMap((positions) =>
		positions.length >= shots ? random.sample(positions, shots) : positions,
	)
}

/**
 * The data set with `shots` training images per class and at most four validation images per class; the test images stay.
 * The few-shot list comes in the published order, one class after the other.
 * @param seed Of Python's generator; published results use 1, 2 and 3.
 * @throws NaptuneError when `shots` is not a whole number of at least 1.
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
		throw new NaptuneError('NAP_ARGUMENT_INVALID', `Shots must be a whole number of at least 1, got ${shots}.`)
	}
}

function scarce(classNames: readonly string[], labels: readonly number[], shots: number): string[] {
	const counts = classNames.map(() => 0)
	for (const label of labels) counts[label]!++
	const short = counts.flatMap((count, label) => (count < shots ? [`${classNames[label]} (${count})`] : []))
	if (short.length === 0) return []
	const more = short.length > 5 ? ` and ${short.length - 5} more` : ''
	return [
		`${short.length} of ${classNames.length} classes have fewer than ${shots} training images and give all they have: ${short.slice(0, 5).join(', ')}${more}.`,
	]
}
