/** Optimizer steps inside a graph: prompts become differentiable values that depend on the image. */

import { z } from 'zod'
import { at } from '../../core/at.js'
import { grad, ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import type { ParameterLookup } from '../defense.js'

/** Options of {@link updatedPrompts}. */
export const updateOptions = {
	/** Steps per image; 0 leaves the prompts unchanged. */
	steps: z.int().nonnegative().default(1),
	/** `adamw` as in the reference, or `sgd` without momentum. */
	optimizer: z.enum(['adamw', 'sgd']).default('adamw'),
}

/** How to update prompts. */
export interface UpdateOptions {
	readonly steps: number
	readonly optimizer: 'adamw' | 'sgd'
	readonly learningRate: number
	/** Decoupled decay of AdamW: each step multiplies prompts by 1 - learning rate · decay. */
	readonly weightDecay: number
}

const betas = [0.9, 0.999] as const
const epsilon = 1e-8
/** Keeps the derivative of the root finite at 0; far below epsilon². */
const underRoot = 1e-24

/**
 * Parameters after descending a loss.
 *
 * AdamW's first step is learning rate · g / (|g| + 1e-8) and thus nearly the sign of g: its derivative is exact here, but
 * vanishes where |g| is well above 1e-8. An attacker who differentiates through it learns the loss of the adapted prompts,
 * but little about how the prompts will move. With `sgd` the gradient includes the whole move.
 * @param names Parameters that move. @param loss A scalar from the parameters; built once per step.
 * @returns The same lookup for all other names.
 */
export function updatedPrompts(
	names: readonly string[],
	start: ParameterLookup,
	loss: (parameters: ParameterLookup) => Value,
	options: UpdateOptions,
): ParameterLookup {
	const { steps, optimizer, learningRate, weightDecay } = options
	let current = new Map(names.map((name) => [name, start(name)]))
	const moments = new Map<string, { readonly first: Value; readonly second: Value }>()
	const lookup =
		(values: ReadonlyMap<string, Value>): ParameterLookup =>
		(name) =>
			values.get(name) ?? start(name)
	for (let step = 1; step <= steps; step++) {
		const gradients = grad(loss(lookup(current)), [...current.values()])
		current = new Map(
			[...current].map(([name, value], index) => {
				const gradient = at(gradients, index)
				if (optimizer === 'sgd') return [name, ops.sub(value, ops.mul(gradient, learningRate))]
				const decayed = ops.mul(value, 1 - learningRate * weightDecay)
				return [name, ops.sub(decayed, ops.mul(adamDirection(name, gradient, step, steps, moments), learningRate))]
			}),
		)
	}
	return lookup(current)
}

/** Adam's direction: in closed form at the first step, from running moments at later ones. */
function adamDirection(
	name: string,
	gradient: Value,
	step: number,
	steps: number,
	moments: Map<string, { readonly first: Value; readonly second: Value }>,
): Value {
	const [keptFirst, keptSecond] = betas
	const before = moments.get(name)
	const running = (kept: number, value: Value, earlier: Value | undefined) => {
		const own = ops.mul(value, 1 - kept)
		return earlier ? ops.add(ops.mul(earlier, kept), own) : own
	}
	const first = running(keptFirst, gradient, before?.first)
	const second = running(keptSecond, ops.mul(gradient, gradient), before?.second)
	if (step < steps) moments.set(name, { first, second })
	if (step === 1) return ops.div(gradient, ops.add(ops.abs(gradient), epsilon))
	const unbiased = (kept: number, value: Value) => ops.mul(value, 1 / (1 - kept ** step))
	const root = ops.sqrt(ops.add(unbiased(keptSecond, second), underRoot))
	return ops.div(unbiased(keptFirst, first), ops.add(root, epsilon))
}
