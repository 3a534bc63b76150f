/** Values that training starts from. */

import { elementCount, float32, type Tensor } from '../onnx/tensor.js'
import { generator } from '../random/counter-based.js'

/**
 * Weights are normal with variance 2 / fan-in (He et al., 2015), the last linear layers' with 1 / fan-in, which has no
 * ReLU behind it; scales are 1, shifts and biases 0. Each has a stream of its own.
 */
export function initialParameters(
	shapes: ReadonlyMap<string, readonly number[]>,
	seed: number,
): Record<string, Tensor<'float32'>> {
	const entries = [...shapes].map(([name, shape]) => {
		const data = new Float32Array(elementCount(shape))
		if (name.endsWith('.scale')) data.fill(1)
		if (name.endsWith('.weight')) {
			const rectified = shapes.has(name.replace(/weight$/, 'scale'))
			const deviation = Math.sqrt((rectified ? 2 : 1) / elementCount(shape.slice(1)))
			const stream = generator(seed, 'surrogate-weights', name)
			for (let index = 0; index < data.length; index++) data[index] = deviation * stream.normal()
		}
		return [name, float32(shape, data)] as const
	})
	return Object.fromEntries(entries)
}

/** Running averages of nothing yet: means 0, variances 1. */
export function initialAverages(shapes: ReadonlyMap<string, readonly number[]>): Record<string, Tensor<'float32'>> {
	const entries = [...shapes].map(([name, shape]) => {
		const data = new Float32Array(elementCount(shape))
		if (name.endsWith('.variance')) data.fill(1)
		return [name, float32(shape, data)] as const
	})
	return Object.fromEntries(entries)
}
