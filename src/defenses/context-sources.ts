/** The source of a tower's context vectors: its own parameters, or a linear map of the other tower's (MaPLe, FAP). */

import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import type { Parameter, ParameterLookup } from './defense.js'
import type { TowerContext } from './prompted-towers.js'
import { linearParameters } from './token-refiner.js'

/** A tower, as in parameter names. */
export type TowerName = 'text' | 'visual'

/** Contexts that are parameters: `TOWER.context.LAYER` [count, width]. */
export function ownContext(tower: TowerName, count: number, depth: number): TowerContext {
	return { count, depth, context: (layer, parameters) => parameters(`${tower}.context.${layer}`) }
}

/** Contexts that are linear maps of the other tower's: `coupling.LAYER` of `SOURCE.context.LAYER`. */
export function coupledContext(source: TowerName, count: number, depth: number): TowerContext {
	return { count, depth, context: (layer, parameters) => coupled(source, layer, parameters) }
}

/** The linear map of one layer applied to the context of `source`. */
export function coupled(source: TowerName, layer: number, parameters: ParameterLookup): Value {
	return ops.linear(
		parameters(`${source}.context.${layer}`),
		parameters(`coupling.${layer}.weight`),
		parameters(`coupling.${layer}.bias`),
	)
}

/** Parameters of one layer's linear map. MaPLe clones one module for the deep layers, so they start equal. */
export function couplingParameters(layer: number, inputs: number, outputs: number): [string, Parameter][] {
	const stream = layer === 0 ? 'coupling.shallow' : 'coupling.deep'
	return linearParameters(`coupling.${layer}`, inputs, outputs, false, stream)
}
