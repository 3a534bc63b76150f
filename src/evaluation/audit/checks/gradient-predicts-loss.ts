/** Checks that the gradient predicts the effect of a step along it. */

import { perturbationSet } from '../../../attacks/sets/registry.js'
import { threatModel } from '../../../attacks/sets/threat-model.js'
import { marginObjective } from '../../../classifier/objectives/margin-objectives.js'
import { at } from '../../../core/at.js'
import { range, rowSize, takeRows } from '../../../core/rows.js'
import { logitsOf } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'
import { notApplicable } from '../audit-finding.js'
import { margins, median } from '../logit-statistics.js'

/** Sizes of the step as shares of epsilon: the attack's own step first. */
const stepShares = [1 / 4, 1 / 16] as const
/** Shares of the predicted rise below which the gradient is useless, or doubtful. */
const [useless, doubtful] = [0.1, 0.3]

export const gradientPredictsLoss: AuditCheck = {
	id: 'gradient-predicts-loss',
	meaning:
		'A step along the gradient, as long as an attack makes it, raises the margin of another class about as much as the gradient predicts.',
	advice:
		'A ratio near zero is a shattered or masked gradient: smooth the model for the attack, average gradients over noise, or attack by transfer and queries. A negative one is a wrong gradient: compare it with finite differences.',
	async run(context) {
		const { model, images, threatModel: threat, batchSize } = context
		if (threat.epsilon === 0) return notApplicable('epsilon is 0')
		const { rows, gradients } = await context.cleanGradients(marginObjective)
		if (rows.length === 0) return notApplicable('no clean image is classified correctly')
		const clean = takeRows(images.pixels, rows)
		const labels = rows.map((row) => at(images.labels, row))
		const before = margins(await logitsOf(model, clean, batchSize), labels)
		const size = rowSize(clean)
		const ratios: number[][] = []
		for (const share of stepShares) {
			context.stopIfAsked()
			const length = share * threat.epsilon
			const stepped = { ...clean, data: clean.data.slice() }
			perturbationSet(threatModel(threat.norm, length), clean).ascend(stepped.data, gradients.data, length)
			const after = margins(await logitsOf(model, stepped, batchSize), labels)
			ratios.push(
				range(0, rows.length).map((row) => {
					let promised = 0
					for (let index = row * size; index < (row + 1) * size; index++) {
						promised += at(gradients.data, index) * (at(stepped.data, index) - at(clean.data, index))
					}
					return promised === 0 ? 0 : (at(after, row) - at(before, row)) / promised
				}),
			)
		}
		const middle = median(at(ratios, 0))
		const falling = at(ratios, 0).filter((ratio) => !(ratio > 0)).length / rows.length
		return {
			status: !(middle >= useless) ? 'fail' : middle < doubtful ? 'warn' : 'pass',
			summary: `a step of epsilon / 4 raises the margin by ${middle.toFixed(2)} of what the gradient predicts (median); it does not rise for ${Math.round(falling * rows.length)} of ${rows.length}`,
			images: rows.length,
			measured: { medianRatio: middle, medianRatioShortStep: median(at(ratios, 1)), shareNotRising: falling },
		}
	},
}
