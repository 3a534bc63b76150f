/** Checks that chance alone does not achieve what the attack does. */

import { perturbationSet } from '../../../attacks/sets/registry.js'
import { predictions } from '../../../classifier/predictions.js'
import { at } from '../../../core/at.js'
import { rowSize } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { logitsOf } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'
import { type AuditContext, pgdOf } from '../audit-context.js'
import { notApplicable } from '../audit-finding.js'
import { percentText } from '../audit-text.js'
import { shareOf } from '../compare-attacks.js'
import { crossEntropies, mean } from '../logit-statistics.js'
import { fewSteps } from './monotone.js'

/** Draws of noise, and changes of the mean accuracy that are harmless or no longer accidental. */
const [draws, harmless, harmful] = [4, 0.02, 0.05]

export const randomNoise: AuditCheck = {
	id: 'random-noise',
	meaning:
		'Random noise as large as the attack changes accuracy by at most two points, and the loss by less than the attack does.',
	advice:
		'A model that noise breaks is not robust. If the attack is no better than noise, the model was not attacked: look at its gradient.',
	async run(context) {
		const { images, threatModel, batchSize, model } = context
		if (threatModel.epsilon === 0) return notApplicable('epsilon is 0')
		const clean = await context.clean()
		const attacked = await context.attack(pgdOf(fewSteps))
		const accuracies: number[] = []
		const losses: number[] = []
		for (let draw = 0; draw < draws; draw++) {
			context.stopIfAsked()
			const noisy = noisyImages(context, draw)
			const logits = await logitsOf(model, noisy, batchSize)
			const predicted = predictions(logits, images.ids)
			accuracies.push(shareOf(images.labels.map((label, row) => predicted[row] === label)))
			const loss = crossEntropies(logits, images.labels)
			losses.push(mean(loss.map((value, row) => (clean.right[row] ? value : at(clean.losses, row)))))
		}
		const before = shareOf(clean.right)
		const change = Math.abs(before - mean(accuracies))
		const useless = mean(losses) >= mean(attacked.losses)
		return {
			status:
				useless || change > harmful ? 'fail' : change > Math.max(harmless, 1 / images.ids.length) ? 'warn' : 'pass',
			summary: `accuracy ${percentText(before)} clean, ${percentText(mean(accuracies))} with noise (mean of ${draws} draws); loss ${mean(clean.losses).toFixed(2)}, ${mean(losses).toFixed(2)}, ${mean(attacked.losses).toFixed(2)} under PGD-${fewSteps}`,
			images: images.ids.length,
			measured: {
				accuracyClean: before,
				accuraciesNoise: accuracies,
				lossClean: mean(clean.losses),
				lossNoise: mean(losses),
				lossAttack: mean(attacked.losses),
			},
		}
	},
}

/** Noise of the largest allowed size: in L-infinity every pixel moves up or down by epsilon, in L2 to a random point. */
function noisyImages({ images, threatModel, streams }: AuditContext, draw: number): Tensor<'float32'> {
	const noisy: Tensor<'float32'> = { ...images.pixels, data: images.pixels.data.slice() }
	const set = perturbationSet(threatModel, images.pixels)
	const size = rowSize(noisy)
	if (threatModel.norm === 'l2') {
		images.ids.forEach((id, row) => {
			set.sample(noisy.data, row, streams(id, `audit noise ${draw}`))
		})
		return noisy
	}
	const signs = new Float32Array(noisy.data.length)
	images.ids.forEach((id, row) => {
		const stream = streams(id, `audit noise ${draw}`)
		for (let index = row * size; index < (row + 1) * size; index++) signs[index] = stream.uniform() < 0.5 ? -1 : 1
	})
	set.ascend(noisy.data, signs, threatModel.epsilon)
	return noisy
}
