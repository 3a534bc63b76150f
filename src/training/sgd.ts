/** Stochastic gradient descent with momentum, with PyTorch's order of operations. */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import type { GroupOf } from './parameter-groups.js'
import type { TensorSet } from './tensor-set.js'

/** Hyper-parameters of one update. */
export interface SgdOptions {
	/** Step size of this update, >= 0. */
	readonly learningRate: number
	/** Share of the previous velocity to keep, in [0, 1). */
	readonly momentum: number
	/** Whether to use Nesterov momentum. */
	readonly nesterov: boolean
	/** Coupled weight decay: added to the gradient as weightDecay · parameter. */
	readonly weightDecay: number
	/** Exceptions for a parameter; none by default. */
	readonly group?: GroupOf | undefined
}

/**
 * One update of all parameters that have a gradient, in place: velocity = momentum · velocity + (gradient + decay), then
 * parameter -= rate · velocity. Parameters without a gradient stay unchanged, as in PyTorch.
 * @param velocities By parameter name; zeros at the start, which is the same as PyTorch's first step without dampening.
 * @throws NaptuneError when a gradient does not fit its parameter.
 */
export function sgdStep(
	parameters: TensorSet,
	gradients: TensorSet,
	velocities: Readonly<Record<string, Float32Array>>,
	{ learningRate, momentum, nesterov, weightDecay, group }: SgdOptions,
): void {
	for (const [name, { data: values }] of Object.entries(parameters)) {
		const gradient = gradients[name]?.data
		if (!gradient) continue
		const velocity = velocities[name]
		if (!velocity || gradient.length !== values.length || velocity.length !== values.length) {
			throw new NaptuneError(
				'NAP_INTERNAL',
				`SGD got ${gradient.length} gradient entries and ${velocity?.length ?? 0} velocities for parameter ${name} with ${values.length} entries.`,
			)
		}
		const { rate: factor = 1, decays = true } = group?.(name) ?? {}
		const rate = learningRate * factor
		const decay = decays ? weightDecay : 0
		for (let index = 0; index < values.length; index++) {
			const slope = at(gradient, index) + decay * at(values, index)
			const moved = momentum * at(velocity, index) + slope
			velocity[index] = moved
			values[index] = at(values, index) - rate * (nesterov ? slope + momentum * moved : moved)
		}
	}
}
