/** Layers of a finished network: constants, with normalisation folded into the preceding weights. */

import { at } from '../../../core/at.js'
import { NaptuneError } from '../../../core/errors.js'
import { float32, type Tensor } from '../../../core/tensor.js'
import { ops } from '../../../onnx/graph.js'
import type { Value } from '../../../onnx/value.js'
import { normalizationEpsilon } from './batch-norm.js'
import { convolve, type Layers } from './layers.js'

/** Learned tensors and running averages by name. */
export type FinishedWeights = Readonly<Record<string, Tensor<'float32'>>>

/**
 * Layers without normalisation: multiplies each weight by scale / sqrt(variance + 1e-5) of its output channel and turns the
 * rest into a bias (in float64, rounded once).
 */
export function foldedLayers(weights: FinishedWeights): Layers {
	const constant = (name: string): Value => ops.literal(stored(weights, name))
	return {
		convolution: (name, x, options) => {
			const { weight, bias } = folded(weights, name)
			return convolve(name, x, weight, bias, options)
		},
		normalizedLinear: (name, x) => {
			const { weight, bias } = folded(weights, name)
			return ops.linear(x, weight, bias)
		},
		linear: (name, x) => ops.linear(x, constant(`${name}.weight`), constant(`${name}.bias`)),
	}
}

function folded(weights: FinishedWeights, name: string): { readonly weight: Value; readonly bias: Value } {
	const { shape, data } = stored(weights, `${name}.weight`)
	const [scale, shift, mean, variance] = ['scale', 'shift', 'mean', 'variance'].map(
		(part) => stored(weights, `${name}.${part}`).data,
	) as [Float32Array, Float32Array, Float32Array, Float32Array]
	const channels = at(shape, 0)
	const perChannel = data.length / channels
	const factors = Float64Array.from(
		scale,
		(value, channel) => value / Math.sqrt(at(variance, channel) + normalizationEpsilon),
	)
	return {
		weight: ops.literal(
			float32(
				shape,
				data.map((value, index) => value * at(factors, Math.floor(index / perChannel))),
			),
		),
		bias: ops.literal(
			float32(
				[channels],
				shift.map((value, channel) => value - at(mean, channel) * at(factors, channel)),
			),
		),
	}
}

function stored(weights: FinishedWeights, name: string): Tensor<'float32'> {
	const value = weights[name]
	if (!value)
		throw new NaptuneError(
			'NAP_INTERNAL',
			`The network has no weights named ${name}; the given weights belong to another network.`,
		)
	return value
}
