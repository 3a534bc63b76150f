/**
 * The objective of substitute training in AGS (Wang et al., AAAI 2024; repository lwmming/AGS, `train_ags_lmdb.py`):
 * a contrastive loss over three views of each image, and an invariance term.
 */

import { float32 } from '../../core/tensor.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'

/**
 * NT-Xent over all pairs of three views. With s = cosine / temperature and N_a(i) the sum of exp(s) from view a of image i
 * to all views of all other images, it is the mean over images and ordered pairs (a, b) of
 * log(exp(s_ab) + N_a) - s_ab: the third view of the same image counts neither for nor against the pair.
 * @param views Three values [B, E] of length 1, B a number.
 * @returns A scalar.
 */
export function contrastiveLoss(views: readonly [Value, Value, Value], temperature: number): Value {
	const count = views[0].shape[0] as number
	const all = ops.concat(views, 0)
	const similarities = ops.exp(ops.mul(ops.linear(all, all, null), 1 / temperature))
	const negatives = ops.rowSums(ops.mul(similarities, ops.literal(otherImages(count))))
	const terms = views.flatMap((view, index) => {
		const against = ops.slice(negatives, 0, index * count, (index + 1) * count)
		return views
			.filter((other) => other !== view)
			.map((other) => {
				const positive = ops.mul(ops.rowSums(ops.mul(view, other)), 1 / temperature)
				return ops.sub(ops.log(ops.add(ops.exp(positive), against)), positive)
			})
	})
	return ops.mul(ops.reduceSum(terms.reduce((sum, term) => ops.add(sum, term))), 1 / (terms.length * count))
}

/** 1 - the mean cosine of embeddings [B, E] of length 1, B a number: a scalar. */
export function invarianceLoss(embeddings: Value, others: Value): Value {
	const count = embeddings.shape[0] as number
	return ops.sub(1, ops.mul(ops.reduceSum(ops.mul(embeddings, others)), 1 / count))
}

/** [3 B, 3 B]: 1 where two views are of different images. */
function otherImages(count: number) {
	const size = 3 * count
	const data = Float32Array.from({ length: size * size }, (_, at) =>
		Math.floor(at / size) % count === at % count ? 0 : 1,
	)
	return float32([size, size], data)
}
