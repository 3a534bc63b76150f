/** How far another class is ahead of the true one, in logits. */

import { entry } from '../../core/at.js'
import { ops } from '../../onnx/graph.js'
import { largestLogits, largestOther, logitOf, requireClasses } from './logit-parts.js'
import type { Objective } from './objective.js'

/**
 * max over i ≠ y of z_i, minus z_y: above 0 if the prediction is wrong, at any scale of the logits. For CLIP it is the
 * margin of cosines (the largest cosine with another class's text minus the cosine with the true class's) times the
 * temperature. The temperature is a positive constant, so maximising one maximises the other: signs and normalised gradients
 * agree. Side input `labels`. Needs 2 classes.
 */
export const marginObjective: Objective = {
	name: 'margin',
	taps: ['logits'],
	side: { labels: { type: 'int64', shape: [] } },
	build: (taps, side) => {
		const [logits, labels] = [entry(taps, 'logits'), entry(side, 'labels')]
		requireClasses(logits.shape[1] as number, 2, 'The margin', 'There is nothing to attack.')
		const { values, predicted } = largestLogits(logits, 2)
		return ops.sub(largestOther(values, predicted, labels), logitOf(logits, labels))
	},
}

/**
 * z_t - z_y with a target t for every image: its zero set is the boundary between the two classes. Side inputs `labels` and
 * `targets`.
 */
export const targetedMarginObjective: Objective = {
	name: 'targeted-margin',
	taps: ['logits'],
	side: { labels: { type: 'int64', shape: [] }, targets: { type: 'int64', shape: [] } },
	build: (taps, side) => {
		const logits = entry(taps, 'logits')
		return ops.sub(logitOf(logits, entry(side, 'targets')), logitOf(logits, entry(side, 'labels')))
	},
}
