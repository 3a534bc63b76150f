/** Optimizers by name. What one remembers is named arrays by parameter, so that states are saved alike. Adding one is an entry here. */

import { adamWStep, type TensorSet } from './adamw.js'
import { sgdStep } from './sgd.js'

/** What an optimizer remembers. Updated in place, stored in checkpoints. */
export interface OptimizerState {
	/** Number of updates done. */
	step: number
	/** By memory (such as `first`), then by parameter. */
	readonly memory: Readonly<Record<string, Record<string, Float32Array>>>
}

/** Hyper-parameters of all optimizers; each reads its own. */
export interface OptimizerOptions {
	readonly weightDecay: number
	readonly betas: readonly [number, number]
	readonly epsilon: number
	readonly momentum: number
	readonly nesterov: boolean
}

/** An optimizer. */
export interface Optimizer {
	readonly doc: string
	/** Names of what it remembers. */
	readonly memory: readonly string[]
	/** One update in place; counts the step. */
	update(
		parameters: TensorSet,
		gradients: TensorSet,
		state: OptimizerState,
		options: OptimizerOptions & { readonly learningRate: number },
	): void
}

/** Optimizers by name. */
export const optimizers = {
	adamw: {
		doc: 'AdamW with decoupled weight decay (Loshchilov and Hutter, 2019).',
		memory: ['first', 'second'],
		update(parameters, gradients, state, options) {
			const { first, second } = state.memory
			const own = { step: state.step, firstMoments: first!, secondMoments: second! }
			adamWStep(parameters, gradients, own, options)
			state.step = own.step
		},
	},
	sgd: {
		doc: 'Stochastic gradient descent with momentum and coupled weight decay.',
		memory: ['velocity'],
		update(parameters, gradients, state, options) {
			sgdStep(parameters, gradients, state.memory.velocity!, options)
			state.step++
		},
	},
} as const satisfies Record<string, Optimizer>

/** Name of an optimizer. */
export type OptimizerName = keyof typeof optimizers

/** A fresh state, all zeros. */
export function createOptimizerState(name: OptimizerName, parameters: TensorSet): OptimizerState {
	const zeros = () =>
		Object.fromEntries(Object.entries(parameters).map(([key, { data }]) => [key, new Float32Array(data.length)]))
	return { step: 0, memory: Object.fromEntries(optimizers[name].memory.map((memory) => [memory, zeros()])) }
}
