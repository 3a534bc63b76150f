/** The difference of two classes' logits: the function whose zero set is the boundary between them. */

import { ops } from '../onnx/index.js'
import type { Objective } from './objective.js'

/**
 * z_t - z_y per sample: positive where the target t beats the label y. No reduction is in it, so that on the CPU its bytes
 * do not depend on the batch. Side inputs `labels` and `targets`, int64.
 */
export const classDifferenceObjective: Objective = {
	name: 'class-difference',
	taps: ['logits'],
	side: { labels: { type: 'int64', shape: [] }, targets: { type: 'int64', shape: [] } },
	build: ({ logits }, { labels, targets }) => {
		const of = (classes: typeof labels) =>
			ops.squeeze(ops.gatherElements(logits!, ops.unsqueeze(classes!, [1]), 1), [1])
		return ops.sub(of(targets), of(labels))
	},
}
