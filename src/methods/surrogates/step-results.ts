/** Names the outputs of training programs, and reads them back. */

import { at, entry } from '../../core/at.js'
import type { Tensor } from '../../core/tensor.js'
import type { Value } from '../../onnx/value.js'
import type { BatchNormalized, BatchStatistics } from './network/batch-norm.js'
import type { SurrogateStep } from './surrogate-training.js'

/** Outputs `gradient/NAME`, and `mean/PASS/LAYER` and `variance/PASS/LAYER` of each pass of the network. */
export function stepOutputs(
	names: Iterable<string>,
	gradients: readonly Value[],
	passes: readonly ReadonlyMap<string, BatchNormalized>[],
): Record<string, Value> {
	return Object.fromEntries([
		...[...names].map((name, index) => [`gradient/${name}`, at(gradients, index)] as const),
		...passes.flatMap((pass, index) =>
			[...pass].flatMap(([layer, { mean, variance }]) => [
				[`mean/${index}/${layer}`, mean] as const,
				[`variance/${index}/${layer}`, variance] as const,
			]),
		),
	])
}

/** Reads the outputs of {@link stepOutputs} after a run. */
export function readStepOutputs(
	results: Readonly<Record<string, Tensor>>,
	names: Iterable<string>,
	passes: readonly ReadonlyMap<string, BatchNormalized>[],
): Pick<SurrogateStep, 'gradients' | 'statistics'> {
	const read = (name: string) => entry(results, name) as Tensor<'float32'>
	return {
		gradients: Object.fromEntries([...names].map((name) => [name, read(`gradient/${name}`)])),
		statistics: passes.map(
			(pass, index) =>
				new Map(
					[...pass].map(([layer, { count }]): [string, BatchStatistics] => [
						layer,
						{ mean: read(`mean/${index}/${layer}`), variance: read(`variance/${index}/${layer}`), count },
					]),
				),
		),
	}
}

/** The only value of a scalar output. */
export function numberOf(results: Readonly<Record<string, Tensor>>, name: string): number {
	return at((entry(results, name) as Tensor<'float32'>).data, 0)
}
