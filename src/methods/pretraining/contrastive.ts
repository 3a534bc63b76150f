/**
 * The contrastive objective of CLIP with several positives: all captions of an image's class in the batch are its positives,
 * and all images of a caption's class are the caption's positives (the bidirectional label-aware loss of UniCL, Yang et al.
 * 2022). With one caption per image and no repeated class it is CLIP's own loss.
 */

import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'

/**
 * @param imageFeatures [B, E], not normalised.
 * @param textFeatures [K, E], not normalised.
 * @param positives [B, K], 1 where caption k describes image b, else 0; no empty row or column.
 * @param logScale Scalar log of the similarity scale.
 * @returns The scalar loss: the mean of the image-to-text and the text-to-image cross entropy.
 */
export function contrastiveLoss(imageFeatures: Value, textFeatures: Value, positives: Value, logScale: Value): Value {
	const images = ops.normalizeL2(imageFeatures)
	const texts = ops.normalizeL2(textFeatures)
	const logits = ops.mul(ops.linear(images, texts, null), ops.exp(logScale))
	return ops.mul(ops.add(towardsPositives(logits, positives, 1), towardsPositives(logits, positives, 0)), 0.5)
}

/** Mean cross entropy between softmax along `axis` and the uniform distribution over the positives on that axis. */
function towardsPositives(logits: Value, positives: Value, axis: 0 | 1): Value {
	const targets = ops.div(positives, ops.reduceSum(positives, [axis], true))
	const perRow = ops.reduceSum(ops.mul(ops.logSoftmax(logits, axis), targets), [axis])
	return ops.neg(ops.reduceMean(perRow))
}
