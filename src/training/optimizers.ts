/**
 * Optimizers by name. All keep their memory as named arrays per parameter, so that states have one format. To add an
 * optimizer, add an entry here.
 */

import { entry } from '../core/at.js'
import { type AdamWOptions, adamWStep } from './adamw.js'
import { type SgdOptions, sgdStep } from './sgd.js'
import type { TensorSet } from './tensor-set.js'

/** The memory of an optimizer. Updated in place, stored in states. */
export interface OptimizerState {
	/** Number of finished updates. */
	step: number
	/** Arrays by memory (such as `first`), then by parameter. */
	readonly memory: Readonly<Record<string, Record<string, Float32Array>>>
}

/** An optimizer. */
export interface Optimizer<Options> {
	readonly doc: string
	/** Names of its memories. */
	readonly memory: readonly string[]
	/** One update in place; counts the step. */
	update(parameters: TensorSet, gradients: TensorSet, state: OptimizerState, options: Options): void
}

const adamw: Optimizer<AdamWOptions> = {
	doc: 'AdamW with decoupled weight decay (Loshchilov and Hutter, 2019).',
	memory: ['first', 'second'],
	update(parameters, gradients, state, options) {
		const [firstMoments, secondMoments] = [entry(state.memory, 'first'), entry(state.memory, 'second')]
		const own = { step: state.step, firstMoments, secondMoments }
		adamWStep(parameters, gradients, own, options)
		state.step = own.step
	},
}

const sgd: Optimizer<SgdOptions> = {
	doc: 'Stochastic gradient descent with momentum and coupled weight decay.',
	memory: ['velocity'],
	update(parameters, gradients, state, options) {
		sgdStep(parameters, gradients, entry(state.memory, 'velocity'), options)
		state.step++
	},
}

/** Optimizers by name. */
export const optimizers = { adamw, sgd } as const

/** Name of an optimizer. */
export type OptimizerName = keyof typeof optimizers

/** Hyper-parameters of one update, with their optimizer. */
export type OptimizerUpdate = ({ readonly name: 'adamw' } & AdamWOptions) | ({ readonly name: 'sgd' } & SgdOptions)

/**
 * Updates parameters in place with the optimizer in the options. @throws NaptuneError when a gradient does not fit its
 * parameter.
 */
export function updateParameters(
	parameters: TensorSet,
	gradients: TensorSet,
	state: OptimizerState,
	options: OptimizerUpdate,
): void {
	if (options.name === 'adamw') adamw.update(parameters, gradients, state, options)
	else sgd.update(parameters, gradients, state, options)
}

/** A fresh state, all zeros. */
export function createOptimizerState(name: OptimizerName, parameters: TensorSet): OptimizerState {
	const zeros = () =>
		Object.fromEntries(Object.entries(parameters).map(([key, { data }]) => [key, new Float32Array(data.length)]))
	return { step: 0, memory: Object.fromEntries(optimizers[name].memory.map((memory) => [memory, zeros()])) }
}
