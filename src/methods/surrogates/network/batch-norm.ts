/** Batch normalisation (Ioffe and Szegedy, 2015) with the statistics of a batch or with running averages. */

import { at, entry } from '../../../core/at.js'
import type { Tensor } from '../../../core/tensor.js'
import { ops } from '../../../onnx/graph.js'
import type { Value } from '../../../onnx/value.js'

/** Added to the variance; PyTorch's default. */
export const normalizationEpsilon = 1e-5

/** Weight of a new batch in the running averages; PyTorch's default. */
const averageMomentum = 0.1

/** A normalised value with its statistics. */
export interface BatchNormalized {
	readonly value: Value
	/** Mean, [C]. */
	readonly mean: Value
	/** Variance of the batch, [C]: the sum of squares divided by `count`. */
	readonly variance: Value
	/** Numbers per channel. */
	readonly count: number
}

/**
 * (x - mean) / sqrt(variance + 1e-5) · scale + shift, where mean and variance are over all axes except the second; gradients
 * flow through both.
 * @param x [B, C] or [B, C, H, W], all sizes fixed.
 */
export function batchNormalize(x: Value, scale: Value, shift: Value): BatchNormalized {
	const axes = otherAxes(x)
	const mean = ops.reduceMean(x, axes, true)
	const centred = ops.sub(x, mean)
	const variance = ops.reduceMean(ops.mul(centred, centred), axes, true)
	const inverse = ops.reciprocal(ops.sqrt(ops.add(variance, normalizationEpsilon)))
	return {
		value: ops.add(ops.mul(centred, ops.mul(inverse, alongChannels(scale, x))), alongChannels(shift, x)),
		mean: ops.reshape(mean, [-1]),
		variance: ops.reshape(variance, [-1]),
		count: [0, ...axes.slice(1)].reduce((product, axis) => product * (x.shape[axis] as number), 1),
	}
}

/** Normalises with given statistics [C], as in evaluation. */
export function normalizeBy(x: Value, scale: Value, shift: Value, mean: Value, variance: Value): Value {
	const inverse = ops.reciprocal(ops.sqrt(ops.add(variance, normalizationEpsilon)))
	const centred = ops.sub(x, alongChannels(mean, x))
	return ops.add(ops.mul(centred, alongChannels(ops.mul(inverse, scale), x)), alongChannels(shift, x))
}

/** Statistics of one layer over one batch. */
export interface BatchStatistics {
	readonly mean: Tensor<'float32'>
	readonly variance: Tensor<'float32'>
	readonly count: number
}

/**
 * Moves running averages a tenth of the way to a batch's, in place; the variance towards its unbiased estimate (as in
 * PyTorch).
 * @param running `NAME.mean` and `NAME.variance` by layer.
 */
export function updateRunningAverages(
	running: Readonly<Record<string, Tensor<'float32'>>>,
	name: string,
	{ mean, variance, count }: BatchStatistics,
): void {
	const means = entry(running, `${name}.mean`).data
	const variances = entry(running, `${name}.variance`).data
	const unbiased = count / Math.max(1, count - 1)
	for (let channel = 0; channel < means.length; channel++) {
		means[channel]! += averageMomentum * (at(mean.data, channel) - at(means, channel))
		variances[channel]! += averageMomentum * (unbiased * at(variance.data, channel) - at(variances, channel))
	}
}

function otherAxes(x: Value): number[] {
	return x.shape.map((_, axis) => axis).filter((axis) => axis !== 1)
}

/** [C] as [C] or [C, 1, 1], which broadcasts along axis 1. */
function alongChannels(values: Value, x: Value): Value {
	return x.shape.length === 2 ? values : ops.reshape(values, [-1, 1, 1])
}
