/** Initial values of a training. */

import { entry } from '../../../core/at.js'
import { elementCount, float32, type Tensor } from '../../../core/tensor.js'
import { generator } from '../../../random/counter-based.js'

/**
 * Weights before a batch normalisation are normal with variance 2 / fan-in (He et al., 2015); scales are 1, shifts 0.
 * Weights and biases of plain linear layers are uniform within 1 / sqrt(fan-in), as in PyTorch. Each has its own random
 * stream.
 */
export function initialParameters(
	shapes: ReadonlyMap<string, readonly number[]>,
	seed: number,
): Record<string, Tensor<'float32'>> {
	const entries = [...shapes].map(([name, shape]) => {
		const data = new Float32Array(elementCount(shape))
		const [layer, part] = [name.slice(0, name.lastIndexOf('.')), name.slice(name.lastIndexOf('.') + 1)]
		const fanIn = elementCount(entry(shapes, `${layer}.weight`).slice(1))
		const stream = generator(seed, 'surrogate-weights', name)
		if (part === 'scale') data.fill(1)
		else if (part !== 'shift') {
			const draw = shapes.has(`${layer}.scale`)
				? () => Math.sqrt(2 / fanIn) * stream.normal()
				: () => (2 * stream.uniform() - 1) / Math.sqrt(fanIn)
			for (let index = 0; index < data.length; index++) data[index] = draw()
		}
		return [name, float32(shape, data)] as const
	})
	return Object.fromEntries(entries)
}

/** Initial running averages: means 0, variances 1. */
export function initialAverages(shapes: ReadonlyMap<string, readonly number[]>): Record<string, Tensor<'float32'>> {
	const entries = [...shapes].map(([name, shape]) => {
		const data = new Float32Array(elementCount(shape))
		if (name.endsWith('.variance')) data.fill(1)
		return [name, float32(shape, data)] as const
	})
	return Object.fromEntries(entries)
}
