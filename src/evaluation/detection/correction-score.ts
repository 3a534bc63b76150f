/**
 * Scores how heavily a defense corrected the tokens of an image: a number per image that may tell disturbed inputs from
 * clean ones.
 */

import type { TokenChange } from '../../defenses/defense.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import type { CorrectionScore } from '../../records/detection.js'

export { type CorrectionScore, correctionScores } from '../../records/detection.js'

/**
 * Scores [B] of the changes in an image tower; none if it makes no changes.
 * - `correction`: ‖after - before‖ / ‖before‖, the mean over tokens and layers.
 * - `disagreement`, for averaged changes: spread / (‖before‖ / √width), the same mean. A spread as large as the token's
 * own root mean square is 1.
 */
export function correctionTaps(changes: readonly TokenChange[]): Partial<Record<CorrectionScore, Value>> {
	if (changes.length === 0) return {}
	const correction = meanOfLayers(
		changes.map(({ before, after }) => ops.div(ops.reduceL2(ops.sub(after, before), [2]), ops.reduceL2(before, [2]))),
	)
	const spreads = changes.flatMap(({ before, spread }) => (spread ? [{ before, spread }] : []))
	if (spreads.length < changes.length) return { correction }
	const disagreement = meanOfLayers(
		spreads.map(({ before, spread }) => {
			const width = before.shape[2] as number
			return ops.div(ops.mul(spread, Math.sqrt(width)), ops.reduceL2(before, [2]))
		}),
	)
	return { correction, disagreement }
}

/** Maps [B, N] per layer to [B]. */
function meanOfLayers(layers: readonly Value[]): Value {
	const tokens = ops.concat(layers, 1)
	return ops.mul(ops.rowSums(tokens), 1 / (tokens.shape[1] as number))
}
