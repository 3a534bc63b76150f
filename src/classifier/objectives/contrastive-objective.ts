/** The contrastive loss of an image with its own texts, which attacks on image-text retrieval maximise. */

import { entry } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { float32 } from '../../core/tensor.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import type { Objective } from './objective.js'
import type { SideInputs } from './side-inputs.js'

/** Subtracted from the log-probability of every text that does not belong to the image: its exp is 0, and no NaN can arise. */
const excluded = 1e9

/**
 * -log( Σ over own texts exp(logit) / Σ over all texts exp(logit) ): the contrastive loss of CLIP (Radford et al., 2021)
 * with several positives. With one own text it equals the cross entropy. Side input `relevant` [B, texts]: 1 for the texts
 * of an image, 0 for all others.
 * @param texts Number of texts: the classifier's classes.
 */
export function contrastiveObjective(texts: number): Objective {
	return {
		name: 'contrastive',
		taps: ['logits'],
		side: { relevant: { type: 'float32', shape: [texts] } },
		build: (taps, side) => {
			const others = ops.mul(ops.sub(entry(side, 'relevant'), 1), excluded)
			return ops.neg(logSumExp(ops.add(ops.logSoftmax(entry(taps, 'logits')), others)))
		},
	}
}

/**
 * log Σ exp over the last axis, [B, C] to [B]. The shift against overflow is an integer that carries no gradient: its
 * gradient would only be rounding error that depends on the batch.
 */
function logSumExp(x: Value): Value {
	const shift = ops.floor(ops.reduceMax(x, [1], true))
	const sum = ops.rowSums(ops.exp(ops.sub(x, shift)))
	return ops.add(ops.squeeze(shift, [1]), ops.log(sum))
}

/**
 * The side input of {@link contrastiveObjective}.
 * @param ownTexts Returns the positions of an image's texts, by image id.
 * @throws NaptuneError (from the returned function) for an image without texts.
 */
export function contrastiveSide(texts: number, ownTexts: (id: string) => readonly number[]): SideInputs {
	return async (_, { ids }) => {
		const relevant = new Float32Array(ids.length * texts)
		for (const [row, id] of ids.entries()) {
			const own = ownTexts(id)
			if (own.length === 0) {
				throw new NaptuneError(
					'NAP_INPUT_UNSUITABLE',
					`Image ${id} has no text of its own, so retrieval has nothing to find. Leave it out.`,
				)
			}
			for (const text of own) relevant[row * texts + text] = 1
		}
		return { relevant: float32([ids.length, texts], relevant) }
	}
}
