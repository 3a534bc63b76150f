/** Checks that the size of the logits does not hide the gradient of the cross entropy. */

import type { Objective } from '../../../classifier/objectives/objective.js'
import type { SideInputs } from '../../../classifier/objectives/side-inputs.js'
import { float32, int64 } from '../../../core/tensor.js'
import { ops } from '../../../onnx/graph.js'
import { logitsOf } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'
import { pgdOf } from '../audit-context.js'
import { percentText } from '../audit-text.js'
import { compareAttacks } from '../compare-attacks.js'
import { margins, median } from '../logit-statistics.js'

/** With this lead, a float32 softmax gives the predicted class exactly 1: only single terms remain of the gradient. */
const saturated = -Math.log(2 ** -24)

/** Cross entropy of the logits times a positive factor per image. Side inputs `labels` and `factor`. */
const scaledCrossEntropy: Objective = {
	name: 'scaled-cross-entropy',
	taps: ['logits'],
	side: { labels: { type: 'int64', shape: [] }, factor: { type: 'float32', shape: [1] } },
	build: ({ logits }, { labels, factor }) => ops.crossEntropy(ops.mul(logits!, factor!), labels!),
}

/** The factor that gives the true class a lead or lag of 1 on the clean image. */
const byOwnScale: SideInputs = async (classifier, { images, labels }) => {
	const { logits } = await classifier.evaluate(images, ['logits'])
	const factors = margins(logits!, labels).map((margin) => 1 / Math.max(Math.abs(margin), 1e-12))
	return { labels: int64([labels.length], labels), factor: float32([labels.length, 1], factors) }
}

export const logitScale: AuditCheck = {
	id: 'logit-scale',
	meaning:
		"Dividing every image's logits by their own scale does not make the attack stronger: the cross entropy is not saturated.",
	advice: 'Attack a scale-invariant loss (DLR, margin), and report the lower accuracy.',
	async run(context) {
		const { model, images, batchSize, effort } = context
		const { right } = await context.clean()
		const steps = Math.ceil(effort.steps / 2)
		const plain = await context.attack(pgdOf(steps))
		const scaled = await context.attack(pgdOf(steps, { objective: scaledCrossEntropy, sideInputs: byOwnScale }))
		const leads = margins(await logitsOf(model, images.pixels, batchSize), images.labels)
			.map((margin) => -margin)
			.filter((_, row) => right[row])
		const share = leads.filter((lead) => lead > saturated).length / Math.max(1, leads.length)
		const compared = compareAttacks(plain.right, scaled.right)
		const gain = compared.stronger - compared.weaker
		// A better loss gains a few points on honest models, too.
		const status = compared.status === 'fail' && gain <= 0.05 ? 'warn' : compared.status
		return {
			status,
			summary: `accuracy ${percentText(compared.stronger)} under PGD-${steps} on the cross entropy, ${percentText(compared.weaker)} with logits divided by their own scale; ${percentText(share)} saturated`,
			images: right.length,
			measured: {
				accuracyCrossEntropy: compared.stronger,
				accuracyScaled: compared.weaker,
				brokenByScaledOnly: compared.measured.brokenByWeakerOnly!,
				brokenByCrossEntropyOnly: compared.measured.brokenByStrongerOnly!,
				p: compared.measured.p!,
				medianLead: leads.length > 0 ? median(leads) : null,
				shareSaturated: share,
			},
		}
	},
}
