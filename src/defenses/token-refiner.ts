/** TokenRefiner: a small residual network per layer and modality that cleans tokens before a block (paper, section III; MAPT). */

import { at } from '../core/at.js'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import type { Generator } from '../random/generator.js'
import type { Parameter, ParameterLookup, TokenChange } from './defense.js'

/** How to build refiners. */
export interface RefinerOptions {
	/** Linear layers; 2 in the paper. 0 means no correction (R = 0, not the identity). */
	readonly depth: number
	/** Factor by which each layer widens up to the middle; 2 in the authors' code. */
	readonly expansion: number
	/** `torch`: PyTorch's default everywhere; `zero-last`: the last layer starts at zero, so tuning starts at exact CLIP. */
	readonly init: 'torch' | 'zero-last'
	/**
	 * `none`: adds the correction unchanged (the paper). `token`: multiplies it by a gate sigmoid(w · token + b) of the
	 * token itself, which starts half open for every token.
	 */
	readonly gate: 'none' | 'token'
	/** `free` (the paper), or `preserve`: a refined token is scaled to the length it had before. */
	readonly norm: 'free' | 'preserve'
	/** Number of refiners; their mean is the correction, their disagreement its uncertainty. 1 in the paper. */
	readonly ensemble: number
}

/** Widths between layers: d · expansion^min(i, depth - i) for i = 0 … depth, so depth 2 gives d, 2d, d. */
export function refinerWidths(width: number, { depth, expansion }: RefinerOptions): number[] {
	return Array.from({ length: depth + 1 }, (_, index) => width * expansion ** Math.min(index, depth - index))
}

/**
 * Parameters of one layer's refiner: `PREFIX.linear{i}.weight` [out, in] and `.bias` [out]; of further members of an
 * ensemble `PREFIX.member{m}.linear{i}…`; of a gate `PREFIX.gate.weight` [1, width] and `.bias` [1].
 */
export function refinerParameters(prefix: string, width: number, options: RefinerOptions): [string, Parameter][] {
	if (options.depth === 0) return []
	const widths = refinerWidths(width, options)
	const member = (name: string) =>
		Array.from({ length: options.depth }, (_, index) => index).flatMap((index) => {
			const [inputs, outputs] = [at(widths, index), at(widths, index + 1)]
			const zero = options.init === 'zero-last' && index === options.depth - 1
			return linearParameters(`${name}.linear${index + 1}`, inputs, outputs, zero)
		})
	const gate = options.gate === 'token' ? linearParameters(`${prefix}.gate`, width, 1, true) : []
	return [...members(prefix, options).flatMap(member), ...gate]
}

function members(prefix: string, { ensemble }: RefinerOptions): string[] {
	return Array.from({ length: ensemble }, (_, index) => (index === 0 ? prefix : `${prefix}.member${index + 1}`))
}

/** Parameters of a linear layer with PyTorch's default initial values: weight and bias uniform within 1 / sqrt(inputs). */
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

/**
 * Tokens plus their correction: [B, N, d] to [B, N, d] (equation 11).
 * @returns The tokens themselves for a refiner of depth 0; with `spread` for an ensemble.
 */
export function refine(
	tokens: Value,
	prefix: string,
	options: RefinerOptions,
	parameters: ParameterLookup,
): Omit<TokenChange, 'layer'> {
	if (options.depth === 0) return { before: tokens, after: tokens }
	const [, count, width] = tokens.shape as [unknown, number, number]
	const rows = ops.reshape(tokens, [-1, width])
	const corrections = members(prefix, options).map((name) => correction(rows, name, options, parameters))
	const sum = corrections.reduce((total, own) => ops.add(total, own))
	let mean = corrections.length === 1 ? sum : ops.mul(sum, 1 / corrections.length)
	const deviations = corrections.length === 1 ? [] : corrections.map((own) => square(ops.sub(own, mean)))
	if (options.gate === 'token') {
		const gate = ops.linear(rows, parameters(`${prefix}.gate.weight`), parameters(`${prefix}.gate.bias`))
		mean = ops.mul(mean, ops.sigmoid(gate))
	}
	const added = ops.add(tokens, ops.reshape(mean, [-1, count, width]))
	const after = options.norm === 'preserve' ? ops.mul(ops.normalizeL2(added), ops.reduceL2(tokens, [-1], true)) : added
	if (deviations.length === 0) return { before: tokens, after }
	const variance = ops.mul(
		deviations.reduce((total, own) => ops.add(total, own)),
		1 / deviations.length,
	)
	return { before: tokens, after, spread: ops.reshape(ops.sqrt(ops.reduceMean(variance, [1])), [-1, count]) }
}

/** R of one member on rows [B · N, d]. */
function correction(rows: Value, name: string, { depth }: RefinerOptions, parameters: ParameterLookup): Value {
	let hidden = rows
	for (let index = 1; index <= depth; index++) {
		const layer = `${name}.linear${index}`
		hidden = ops.linear(hidden, parameters(`${layer}.weight`), parameters(`${layer}.bias`))
		if (index < depth) hidden = ops.relu(hidden)
	}
	return hidden
}

function square(x: Value): Value {
	return ops.mul(x, x)
}
