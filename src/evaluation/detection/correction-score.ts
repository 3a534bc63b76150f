/** How heavily refiners corrected an image: a number per image that tells disturbed inputs from clean ones, or fails to. */

import type { Refinement } from '../../defenses/defense.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import type { CorrectionScore } from '../../records/detection.js'

export { type CorrectionScore, correctionScores } from '../../records/detection.js'

/**
 * Scores [B] of an image tower's refinements; none where nothing is refined.
 * - `correction`: ‖after - before‖ / ‖before‖, the mean over tokens and layers.
 * - `disagreement`, of an ensemble of refiners: spread / (‖before‖ / √width), the same mean. A spread as large as the
 *   token's own root mean square is 1.
 */
export function correctionTaps(refinements: readonly Refinement[]): Partial<Record<CorrectionScore, Value>> {
	if (refinements.length === 0) return {}
	const correction = meanOfLayers(
		refinements.map(({ before, after }) =>
			ops.div(ops.reduceL2(ops.sub(after, before), [2]), ops.reduceL2(before, [2])),
		),
	)
	if (!refinements.every(({ spread }) => spread)) return { correction }
	const disagreement = meanOfLayers(
		refinements.map(({ before, spread }) => {
			const width = before.shape[2] as number
			return ops.div(ops.mul(spread!, Math.sqrt(width)), ops.reduceL2(before, [2]))
		}),
	)
	return { correction, disagreement }
}

/** [B, N] by layer to [B]. */
function meanOfLayers(layers: readonly Value[]): Value {
	const tokens = ops.concat(layers, 1)
	return ops.mul(ops.rowSums(tokens), 1 / (tokens.shape[1] as number))
}
