/** AdamW (Loshchilov and Hutter, 2019) with PyTorch's order of operations. */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import type { GroupOf } from './parameter-groups.js'
import type { TensorSet } from './tensor-set.js'

/** Hyper-parameters of one update. */
export interface AdamWOptions {
	/** Step size of this update, >= 0. */
	readonly learningRate: number
	/** Decay rates of the first and second moment; PyTorch's default is 0.9 and 0.999. */
	readonly betas: readonly [number, number]
	/** Added to the denominator; default in PyTorch 1e-8. */
	readonly epsilon: number
	/** Decoupled weight decay, applied as learningRate · weightDecay · parameter. */
	readonly weightDecay: number
	/** Exceptions for a parameter; none by default. */
	readonly group?: GroupOf | undefined
}

/** The optimizer's memory. Updated in place, stored in checkpoints. */
export interface AdamWState {
	/** Number of finished updates. */
	step: number
	readonly firstMoments: Record<string, Float32Array>
	readonly secondMoments: Record<string, Float32Array>
}

/** A fresh state with zero moments. */
export function createAdamWState(parameters: TensorSet): AdamWState {
	const zeros = () =>
		Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, new Float32Array(data.length)]))
	return { step: 0, firstMoments: zeros(), secondMoments: zeros() }
}

/**
 * One update of all parameters that have a gradient, in place. Parameters without one stay unchanged (no decay either), as
 * in PyTorch.
 * @throws NaptuneError when a gradient does not fit its parameter.
 */
export function adamWStep(parameters: TensorSet, gradients: TensorSet, state: AdamWState, options: AdamWOptions): void {
	const { learningRate, betas, epsilon, weightDecay, group } = options
	const [beta1, beta2] = betas
	state.step++
	const rootOfCorrection = Math.sqrt(1 - beta2 ** state.step)
	for (const [name, parameter] of Object.entries(parameters)) {
		const gradient = gradients[name]?.data
		if (!gradient) continue
		const values = parameter.data
		const first = state.firstMoments[name]
		const second = state.secondMoments[name]
		if (!first || !second || gradient.length !== values.length || first.length !== values.length) {
			throw new NaptuneError(
				'NAP_INTERNAL',
				`AdamW got ${gradient.length} gradient entries and ${first?.length ?? 0} moments for parameter ${name} with ${values.length} entries.`,
			)
		}
		const { rate: factor = 1, decays = true } = group?.(name) ?? {}
		const rate = learningRate * factor
		const stepSize = rate / (1 - beta1 ** state.step)
		const keep = 1 - (decays ? rate * weightDecay : 0)
		for (let index = 0; index < values.length; index++) {
			const slope = at(gradient, index)
			const m = beta1 * at(first, index) + (1 - beta1) * slope
			const v = beta2 * at(second, index) + (1 - beta2) * slope * slope
			first[index] = m
			second[index] = v
			values[index] = at(values, index) * keep - (stepSize * m) / (Math.sqrt(v) / rootOfCorrection + epsilon)
		}
	}
}
