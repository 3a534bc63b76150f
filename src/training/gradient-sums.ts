/** Exact accumulation of gradients over micro-batches and class chunks: sums in float64, rounded once. */

import { at, entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { elementCount, float32, type Tensor } from '../core/tensor.js'

/** Sums of gradients by parameter name. */
export interface GradientSums {
	/** @throws NaptuneError when there is no parameter of that name and size. */
	add(name: string, gradient: Float32Array): void
	/** The sums of all parameters that received a gradient. */
	tensors(): Record<string, Tensor<'float32'>>
}

/** Empty sums for parameters of the given shapes. */
export function createGradientSums(
	parameters: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): GradientSums {
	const sums = new Map<string, Float64Array>()
	return {
		add(name, gradient) {
			const parameter = parameters.get(name)
			if (!parameter || gradient.length !== elementCount(parameter.shape)) {
				throw new NaptuneError(
					'NAP_INTERNAL',
					`A gradient of ${gradient.length} entries came for ${name}, which is not a parameter of that size.`,
				)
			}
			const sum = sums.get(name) ?? new Float64Array(gradient.length)
			sums.set(name, sum)
			for (let index = 0; index < sum.length; index++) sum[index]! += at(gradient, index)
		},
		tensors() {
			return Object.fromEntries(
				[...sums].map(([name, sum]) => [name, float32(entry(parameters, name).shape, Float32Array.from(sum))]),
			)
		},
	}
}
