/** Initial weights of a CLIP, with the standard deviations of CLIP's reference implementation. */

import { type Tensor, tensor } from '../../core/tensor.js'
import type { Generator } from '../../random/generator.js'

/** Widths and depths that the initial scales depend on. */
export interface InitialScales {
	readonly text: { readonly width: number; readonly layers: number }
	readonly vision: { readonly width: number; readonly layers: number }
}

/** log(1 / 0.07), CLIP's initial log scale of the similarity. */
const initialLogScale = 2.6592

/**
 * Draws all weights: normal with CLIP's scales, biases 0, normalisation scales 1.
 * @param shapes Shape of every weight by its Hugging Face name.
 * @param streamFor The random stream of one weight, so that a weight does not depend on the order of the others.
 */
export function initialWeights(
	shapes: ReadonlyMap<string, readonly number[]>,
	scales: InitialScales,
	streamFor: (name: string) => Generator,
): Record<string, Tensor<'float32'>> {
	const weights: Record<string, Tensor<'float32'>> = {}
	for (const [name, shape] of shapes) {
		const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
		if (name === 'logit_scale') data.fill(initialLogScale)
		else if (/norm\d?\.weight$|layrnorm\.weight$/.test(name)) data.fill(1)
		else if (!name.endsWith('.bias')) {
			const deviation = standardDeviation(name, scales)
			const stream = streamFor(name)
			for (let index = 0; index < data.length; index++) data[index] = deviation * stream.normal()
		}
		weights[name] = tensor('float32', shape, data)
	}
	return weights
}

function standardDeviation(name: string, scales: InitialScales): number {
	const { width, layers } = name.startsWith('text') ? scales.text : scales.vision
	if (name.includes('token_embedding') || name.includes('patch_embedding')) return 0.02
	if (name.includes('position_embedding')) return 0.01
	if (/q_proj|k_proj|v_proj|fc2/.test(name)) return width ** -0.5 * (2 * layers) ** -0.5
	if (name.includes('fc1')) return (2 * width) ** -0.5
	return width ** -0.5
}
