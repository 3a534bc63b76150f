/** The gradient of an ensemble with combined logits, through separately compiled classifiers. */

import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Objective } from '../../../classifier/objectives/objective.js'
import { logitsOf } from '../../../classifier/predictions.js'
import { at, entry, missing } from '../../../core/at.js'
import { float32, type Tensor } from '../../../core/tensor.js'
import { ops } from '../../../onnx/graph.js'
import { type GradientSight, requireFinite } from '../../run/require-finite.js'
import type { Surrogate } from './surrogate.js'

/** How to combine the logits of an ensemble. */
export type Ensemble = 'sum' | 'mean'

/** The sum of the logits times given weights; its gradient carries the weights back to the pixels. Side input `weights`. */
export function weightedLogits(classes: number): Objective {
	return {
		name: `weighted-logits ${classes}`,
		taps: ['logits'],
		side: { weights: { type: 'float32', shape: [classes] } },
		build: (taps, side) => ops.rowSums(ops.mul(entry(taps, 'logits'), entry(side, 'weights'))),
	}
}

/**
 * A positive multiple, one per image, of the gradient of the cross entropy of the combined logits z with respect to the
 * pixels: Σ_k J_kᵀ (softmax(z) - onehot), where J_k is the Jacobian of surrogate k. The weights are scaled to a maximum of
 * 1, so that gradients of confident predictions do not vanish in float32; callers use only the signs of the result.
 * @param images [B, 3, H, W]. @param where For errors. @param sight Receives every gradient.
 * @throws NaptuneError that names the images for which a surrogate's logits or gradient are not finite.
 */
export async function ensembleGradient(...call: Parameters<typeof ensembleSums>): Promise<Float32Array> {
	const { total } = await ensembleSums(...call)
	return new Float32Array(total)
}

/**
 * The gradient itself, for callers that compare lengths of gradients at several places, as in variance tuning.
 * @throws NaptuneError as {@link ensembleGradient}.
 */
export async function exactEnsembleGradient(...call: Parameters<typeof ensembleSums>): Promise<Float64Array> {
	const [surrogates, images, { labels }, ensemble] = call
	const { total, lengths } = await ensembleSums(...call)
	const size = images.data.length / labels.length
	const share = ensemble === 'mean' ? 1 / surrogates.length : 1
	return total.map((value, index) => value * share * at(lengths, Math.floor(index / size)))
}

/** The gradients for weights scaled to a maximum of 1, and the divisor of each image. */
async function ensembleSums(
	surrogates: readonly Surrogate[],
	images: Tensor<'float32'>,
	{ labels, ids }: Pick<AttackBatch, 'labels' | 'ids'>,
	ensemble: Ensemble,
	where: string,
	sight?: GradientSight,
): Promise<{ readonly total: Float64Array; readonly lengths: readonly number[] }> {
	const classes = at(surrogates, 0).classifier.classNames.length
	const joined = new Float64Array(labels.length * classes)
	for (const { classifier } of surrogates) {
		add(joined, (await logitsOf(classifier, images)).data)
	}
	if (ensemble === 'mean') for (const [index, logit] of joined.entries()) joined[index] = logit / surrogates.length
	const weights = new Float32Array(joined.length)
	const lengths = labels.map((label, row) => {
		const own = joined.subarray(row * classes, (row + 1) * classes)
		weights.set(crossEntropyWeights(own, label), row * classes)
		return wrongShare(own, label)
	})
	const side = { weights: float32([labels.length, classes], weights) }
	const total = new Float64Array(images.data.length)
	for (const { name, classifier } of surrogates) {
		const found = await classifier.gradient(images, weightedLogits(classes), side)
		requireFinite(found, ids, `of surrogate ${name}, ${where}`, sight)
		add(total, found.gradient.data)
	}
	return { total, lengths }
}

/** Adds an array to sums of the same length. */
function add(sums: Float64Array, numbers: Float32Array): void {
	for (let index = 0; index < sums.length; index++) sums[index] = (sums[index] ?? missing) + (numbers[index] ?? missing)
}

/** softmax(logits) - onehot(label), divided by its largest absolute entry. */
function crossEntropyWeights(logits: Float64Array, label: number): Float64Array {
	const largest = logits.reduce((most, value, index) => (index === label ? most : Math.max(most, value)), -Infinity)
	// Relative to the largest wrong class; the weight of the right class is minus the sum, so a common factor drops out.
	const weights = logits.map((value, index) => (index === label ? 0 : Math.exp(value - largest)))
	const sum = weights.reduce((total, value) => total + value, 0)
	// With a single class there is no wrong one, and nothing to change.
	if (sum === 0) return weights
	return weights.map((value, index) => (index === label ? -1 : value / sum))
}

/** Total probability of all wrong classes, exact for small values. */
function wrongShare(logits: Float64Array, label: number): number {
	const largest = logits.reduce((most, value) => Math.max(most, value), -Infinity)
	const wrong = logits.reduce((sum, value, index) => (index === label ? sum : sum + Math.exp(value - largest)), 0)
	return wrong / (wrong + Math.exp(at(logits, label) - largest))
}
