/**
 * Layers of surrogate networks: one description of a network gives its graph for training, for evaluation and for a file.
 */

import { emitter } from '../../../onnx/emit.js'
import { ops } from '../../../onnx/graph.js'
import { int, ints } from '../../../onnx/operator.js'
import type { Value } from '../../../onnx/value.js'

/** Shape of a convolution. */
export interface ConvolutionOptions {
	/** Number of output channels. */
	readonly channels: number
	/** Side of the square kernel, odd. Borders are padded with zeros so that stride 1 keeps the size. */
	readonly kernel: number
	/** Default 1. */
	readonly stride?: number
	/** Number of independent channel groups. Default 1. */
	readonly groups?: number
}

/** The layers from which networks are built. Names are unique within a network. */
export interface Layers {
	/** Convolution of [B, C, H, W] without bias, then batch normalisation of each channel. */
	convolution(name: string, x: Value, options: ConvolutionOptions): Value
	/** [N, D] to [N, width] without bias, then batch normalisation of each column. */
	normalizedLinear(name: string, x: Value, width: number): Value
	/** [N, D] to [N, width] with bias. */
	linear(name: string, x: Value, width: number): Value
}

/** A learned tensor by name and shape. */
export type ParameterSource = (name: string, shape: readonly number[]) => Value

/** Batch normalisation of axis 1 with some statistics. @param name Name of the layer. */
export type Normalize = (name: string, x: Value, weight: Value, bias: Value) => Value

/** Layers with separate weights and normalisation, as learned. */
export function learnedLayers(parameter: ParameterSource, normalize: Normalize): Layers {
	const normalized = (name: string, x: Value) => {
		const channels = [x.shape[1] as number]
		return normalize(name, x, parameter(`${name}.scale`, channels), parameter(`${name}.shift`, channels))
	}
	return {
		convolution: (name, x, options) => {
			const weight = parameter(`${name}.weight`, convolutionShape(x, options))
			return normalized(name, convolve(name, x, weight, null, options))
		},
		normalizedLinear: (name, x, width) =>
			normalized(name, ops.linear(x, parameter(`${name}.weight`, [width, x.shape[1] as number]), null)),
		linear: (name, x, width) =>
			ops.linear(x, parameter(`${name}.weight`, [width, x.shape[1] as number]), parameter(`${name}.bias`, [width])),
	}
}

/** Shape of a convolution's weight: [channels, inputs / groups, kernel, kernel]. */
export function convolutionShape(x: Value, { channels, kernel, groups = 1 }: ConvolutionOptions): readonly number[] {
	return [channels, (x.shape[1] as number) / groups, kernel, kernel]
}

/** The convolution itself. */
export function convolve(
	name: string,
	x: Value,
	weight: Value,
	bias: Value | null,
	{ kernel, stride = 1, groups = 1 }: ConvolutionOptions,
): Value {
	const border = (kernel - 1) / 2
	return emitter(name)('Conv', bias ? [x, weight, bias] : [x, weight], {
		strides: ints([stride, stride]),
		pads: ints([border, border, border, border]),
		group: int(groups),
	})
}
