/** Input checks that every attack may rely on. */

import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier } from '../../classifier/classifier.js'
import { NaptuneError } from '../../core/errors.js'
import { rowSize } from '../../core/rows.js'
import { elementCount } from '../../core/tensor.js'
import { type Norm, type ThreatModel, threatModel } from '../sets/threat-model.js'

/** An attack's name, for errors, and its norms. */
export interface NormedAttack {
	readonly name: string
	readonly norms: readonly Norm[]
}

/**
 * Checks that an attack can work on a batch.
 * @throws NaptuneError for an unsupported norm, an invalid epsilon, and as {@link checkBatch}.
 */
export function checkInput(
	{ name, norms }: NormedAttack,
	classifier: Classifier,
	batch: AttackBatch,
	{ norm, epsilon }: ThreatModel,
): void {
	if (!norms.includes(norm))
		throw new NaptuneError('NAP_ATTACK_UNSUITABLE', `Attack ${name} works in ${norms.join(', ')}, not in ${norm}.`)
	threatModel(norm, epsilon)
	checkBatch(classifier, batch)
}
/**
 * Checks a batch against a classifier.
 * @throws NaptuneError if sizes disagree, a label is not a class, or a pixel lies outside [0, 1] (naming the image).
 */
export function checkBatch(classifier: Classifier, { images, labels, ids }: AttackBatch): void {
	const count = images.shape[0] ?? 0
	const expected = [count, ...classifier.inputShape]
	if (count === 0 || images.shape.join() !== expected.join() || images.data.length !== elementCount(expected)) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The attack received images [${images.shape.join(', ')}] with ${images.data.length} values; the classifier takes [B, ${classifier.inputShape.join(', ')}] with B >= 1.`,
		)
	}
	if (labels.length !== count || ids.length !== count) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The attack received ${count} images with ${labels.length} labels and ${ids.length} ids; it needs one of each per image.`,
		)
	}
	const classes = classifier.classNames.length
	labels.forEach((label, row) => {
		if (Number.isInteger(label) && label >= 0 && label < classes) return
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The label of image ${ids[row]} is ${label}; the classifier has the classes 0 to ${classes - 1}.`,
		)
	})
	const wrong = images.data.findIndex((value) => !(value >= 0 && value <= 1))
	if (wrong >= 0) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`Image ${ids[Math.floor(wrong / rowSize(images))]} has a pixel of value ${images.data[wrong]}; attacks take pixels in [0, 1], not normalised. Divide 8-bit values by 255.`,
		)
	}
}
