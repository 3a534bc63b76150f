/** A network in training: its weights and running averages are inputs, shared by all its forms and passes. */

import { ops } from '../../../onnx/graph.js'
import type { Value } from '../../../onnx/value.js'
import { type BatchNormalized, batchNormalize, normalizeBy } from './batch-norm.js'
import { type Layers, learnedLayers } from './layers.js'

/** Forms of one network, with the inputs requested while building them. */
export interface NetworkForms {
	/** Learned tensors by name. */
	readonly parameters: ReadonlyMap<string, Value>
	/** Running averages by name, of the evaluation form. */
	readonly averages: ReadonlyMap<string, Value>
	/** Layers normalised by the statistics of their own batch, which they add to `statistics`. */
	training(statistics: Map<string, BatchNormalized>): Layers
	/** Layers normalised by running averages. */
	evaluation(): Layers
}

/** A network without any layer yet. */
export function networkForms(): NetworkForms {
	const parameters = new Map<string, Value>()
	const averages = new Map<string, Value>()
	const shared = (values: Map<string, Value>) => (name: string, shape: readonly number[]) => {
		const value = values.get(name) ?? ops.input(name, 'float32', shape)
		values.set(name, value)
		return value
	}
	const parameter = shared(parameters)
	const average = shared(averages)
	return {
		parameters,
		averages,
		training: (statistics) =>
			learnedLayers(parameter, (name, x, scale, shift) => {
				const normalized = batchNormalize(x, scale, shift)
				statistics.set(name, normalized)
				return normalized.value
			}),
		evaluation: () =>
			learnedLayers(parameter, (name, x, scale, shift) => {
				const channels = [x.shape[1] as number]
				const [mean, variance] = [average(`${name}.mean`, channels), average(`${name}.variance`, channels)]
				return normalizeBy(x, scale, shift, mean, variance)
			}),
	}
}

/** Shapes of named values. */
export function shapesOf(values: ReadonlyMap<string, Value>): ReadonlyMap<string, readonly number[]> {
	return new Map([...values].map(([name, { shape }]) => [name, shape as readonly number[]]))
}
