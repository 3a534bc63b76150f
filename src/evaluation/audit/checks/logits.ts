/** Checks that the model's outputs are logits that attacks can work with. */

import { logitsOf } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'
import { areProbabilities } from '../logit-statistics.js'

/** Fewest classes for the targeted DLR of AutoAttack, and one more than its number of targets. */
const [leastClasses, usualClasses] = [4, 10]

export const logitsNotProbabilities: AuditCheck = {
	id: 'logits-not-probabilities',
	meaning: 'The outputs are logits, not probabilities: no softmax before the loss hides its gradient.',
	advice: 'Pass the values before the softmax to the attacks.',
	async run({ model, images, batchSize }) {
		const probabilities = areProbabilities(await logitsOf(model, images.pixels, batchSize))
		return {
			status: probabilities ? 'fail' : 'pass',
			summary: probabilities
				? 'all outputs are in [0, 1] and sum to 1 over the classes'
				: 'the outputs are not probabilities',
			images: images.ids.length,
			measured: { probabilities },
		}
	},
}

export const enoughClasses: AuditCheck = {
	id: 'enough-classes',
	meaning: 'The classes suffice for every loss of AutoAttack: DLR needs 3, targeted DLR 4, its 9 targets 10.',
	advice: 'Attack the margin if DLR is not defined; with fewer than 10 classes AutoAttack has fewer targets.',
	async run({ model }) {
		const classes = model.classNames.length
		return {
			status: classes < leastClasses ? 'warn' : 'pass',
			summary:
				classes < usualClasses
					? `${classes} classes: ${classes < leastClasses ? 'targeted DLR is not defined' : `${classes - 1} targets instead of 9`}`
					: `${classes} classes`,
			images: 0,
			measured: { classes },
		}
	},
}
