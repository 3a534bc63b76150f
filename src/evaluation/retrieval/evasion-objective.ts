/** The objective of an attacker who knows that heavy corrections are flagged. */

import type { Objective } from '../../classifier/objectives/objective.js'
import { entry } from '../../core/at.js'
import { ops } from '../../onnx/graph.js'
import type { CorrectionScore } from '../detection/correction-score.js'

/**
 * Cross entropy minus `weight` times the sum of the scores: wrong, but hardly corrected. Side input `labels`.
 * @param weight At least 0. @param scores Taps of the classifier.
 */
export function evasionObjective(weight: number, scores: readonly CorrectionScore[]): Objective {
	return {
		name: `cross-entropy minus ${weight} times ${scores.join(' and ')}`,
		taps: ['logits', ...scores],
		side: { labels: { type: 'int64', shape: [] } },
		build: (taps, { labels }) => {
			const sum = scores.map((name) => entry(taps, name)).reduce((total, own) => ops.add(total, own))
			return ops.sub(ops.crossEntropy(taps.logits!, labels!), ops.mul(sum, weight))
		},
	}
}
