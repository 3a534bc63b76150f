/** Comparing images with texts. */

import { ops, originate } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'

/**
 * Logits: scale · ⟨image / ‖image‖, text⟩.
 * @param imageFeatures [B, E], not normalised.
 * @param textFeatures [C, E], rows of unit length (normalised once, since they do not depend on the image), or [B, C, E] for
 * texts that do.
 * @param logScale Scalar log of the scale (`logit_scale` of the checkpoint; exp gives 100 in released models).
 * @returns [B, C].
 */
export function similarityLogits(imageFeatures: Value, textFeatures: Value, logScale: Value): Value {
	const unit = ops.normalizeL2(imageFeatures)
	const cosines =
		textFeatures.shape.length === 3
			? ops.squeeze(ops.matmul(textFeatures, ops.unsqueeze(unit, [2])), [2])
			: ops.linear(unit, textFeatures, null)
	return originate('logits', [ops.mul(cosines, ops.exp(logScale))])
}
