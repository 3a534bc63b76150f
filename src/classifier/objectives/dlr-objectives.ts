/**
 * The difference of logits ratio (Croce & Hein 2020, section 4.1 and equation 6): margins divided by a spread of the largest
 * logits, so that neither shifting nor scaling the logits hides their gradient. The gradient also flows through the spread.
 */

import { at, entry } from '../../core/at.js'
import { ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import { largestLogits, largestOther, logitOf, requireClasses } from './logit-parts.js'
import type { Objective } from './objective.js'

/** Added to the spread, as in the fra31/auto-attack repository, against division by 0. */
const tiny = 1e-12

/** Fewest classes for {@link dlrObjective}. */
export const dlrClasses = 3
/** Fewest classes for {@link targetedDlrObjective}. */
export const targetedDlrClasses = 4

/**
 * (max over i ≠ y of z_i - z_y) / (z_(1) - z_(3) + 1e-12), where z_(k) is the k-th largest logit. If the true class ranks
 * third, the value is the constant 1 and has no gradient. Side input `labels`.
 */
export const dlrObjective: Objective = {
	name: 'dlr',
	taps: ['logits'],
	side: { labels: { type: 'int64', shape: [] } },
	build: (taps, side) => {
		const [logits, labels] = [entry(taps, 'logits'), entry(side, 'labels')]
		requireClasses(logits.shape[1] as number, dlrClasses, 'DLR', 'Attack the margin instead.')
		const { values, predicted } = largestLogits(logits, 3)
		const margin = ops.sub(largestOther(values, predicted, labels), logitOf(logits, labels))
		return ratio(margin, ops.sub(at(values, 0), at(values, 2)))
	},
}

/** (z_t - z_y) / (z_(1) - (z_(3) + z_(4)) / 2 + 1e-12) with a target t for every image. Side inputs `labels` and `targets`. */
export const targetedDlrObjective: Objective = {
	name: 'targeted-dlr',
	taps: ['logits'],
	side: { labels: { type: 'int64', shape: [] }, targets: { type: 'int64', shape: [] } },
	build: (taps, side) => {
		const logits = entry(taps, 'logits')
		requireClasses(logits.shape[1] as number, targetedDlrClasses, 'Targeted DLR', 'Attack the targeted margin instead.')
		const { values } = largestLogits(logits, 4)
		const margin = ops.sub(logitOf(logits, entry(side, 'targets')), logitOf(logits, entry(side, 'labels')))
		return ratio(margin, ops.sub(at(values, 0), ops.mul(ops.add(at(values, 2), at(values, 3)), 0.5)))
	},
}

function ratio(margin: Value, spread: Value): Value {
	return ops.div(margin, ops.add(spread, tiny))
}
