/** TokenRefiner: a small residual network per layer and modality that cleans tokens before a block (paper, section III; MAPT). */

import { ops } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'
import type { Generator } from '../random/generator.js'
import type { Parameter, ParameterLookup } from './defense.js'

/** How refiners are built. */
export interface RefinerOptions {
	/** Linear layers; 2 in the paper. 0 means no correction (R = 0, not the identity). */
	readonly depth: number
	/** Factor by which each layer widens up to the middle; 2 in the authors' code. */
	readonly expansion: number
	/** `torch`: PyTorch's default everywhere; `zero-last`: the last layer starts at zero, so tuning starts at exact CLIP. */
	readonly init: 'torch' | 'zero-last'
}

/** Widths between layers: d · expansion^min(i, depth - i) for i = 0 … depth, so depth 2 gives d, 2d, d. */
export function refinerWidths(width: number, { depth, expansion }: RefinerOptions): number[] {
	return Array.from({ length: depth + 1 }, (_, index) => width * expansion ** Math.min(index, depth - index))
}

/** Parameters of one refiner: `PREFIX.linear{i}.weight` [out, in] and `.bias` [out]. */
export function refinerParameters(prefix: string, width: number, options: RefinerOptions): [string, Parameter][] {
	const widths = refinerWidths(width, options)
	return Array.from({ length: options.depth }, (_, index) => index).flatMap((index) => {
		const [inputs, outputs] = [widths[index]!, widths[index + 1]!]
		const zero = options.init === 'zero-last' && index === options.depth - 1
		return linearParameters(`${prefix}.linear${index + 1}`, inputs, outputs, zero)
	})
}

/** Parameters of a linear layer with PyTorch's default start: weight and bias uniform within 1 / sqrt(inputs). */
export function linearParameters(
	name: string,
	inputs: number,
	outputs: number,
	zero = false,
	stream?: string,
): [string, Parameter][] {
	const initial = (count: number) => (generator: Generator) =>
		zero ? new Float32Array(count) : uniform(generator, count, inputs ** -0.5)
	const named = (part: string) => (stream === undefined ? {} : { stream: `${stream}.${part}` })
	return [
		[`${name}.weight`, { shape: [outputs, inputs], initial: initial(outputs * inputs), ...named('weight') }],
		[`${name}.bias`, { shape: [outputs], initial: initial(outputs), ...named('bias') }],
	]
}

function uniform(generator: Generator, count: number, bound: number): Float32Array {
	return Float32Array.from({ length: count }, () => (2 * generator.uniform() - 1) * bound)
}

/** Tokens plus their correction: [B, N, d] to [B, N, d]. */
export function refine(tokens: Value, prefix: string, options: RefinerOptions, parameters: ParameterLookup): Value {
	if (options.depth === 0) return tokens
	const [, count, width] = tokens.shape as [unknown, number, number]
	let hidden = ops.reshape(tokens, [-1, width])
	for (let index = 1; index <= options.depth; index++) {
		const name = `${prefix}.linear${index}`
		hidden = ops.linear(hidden, parameters(`${name}.weight`), parameters(`${name}.bias`))
		if (index < options.depth) hidden = ops.relu(hidden)
	}
	return ops.add(tokens, ops.reshape(hidden, [-1, count, width]))
}
