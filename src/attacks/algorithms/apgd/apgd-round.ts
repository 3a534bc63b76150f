/** One restart of APGD, on one target for targeted losses. */

import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { expectedGradient } from '../../../classifier/expected-gradient.js'
import { logitsOf, predictions } from '../../../classifier/predictions.js'
import { entry } from '../../../core/at.js'
import { defined } from '../../../core/defined.js'
import { rowSize } from '../../../core/rows.js'
import { int64, type Tensor } from '../../../core/tensor.js'
import type { AttackRound } from '../../run/attack-round.js'
import { requireFinite } from '../../run/require-finite.js'
import { perturbationSet } from '../../sets/registry.js'
import { rankedTargets } from '../ranked-targets.js'
import { apgdRun } from './apgd-core.js'
import type { ApgdLoss } from './apgd-losses.js'
import type { ApgdSettings } from './apgd-options.js'
import { apgdRandomStart } from './apgd-start.js'

/** Selects the restart and the target: the class with this rank among the others on the clean image, from 1. */
export interface ApgdTry {
	readonly restart: number
	readonly rank?: number
}

/**
 * A round of APGD on correctly classified images. Random starts come from the image's stream with the purpose `apgd LOSS
 * restart R`, with `target K` before `restart` for a target; R counts from 0, K from 1. A round costs steps + 1 gradients,
 * times the samples of a randomised classifier, and for a target one evaluation of the clean images.
 */
export function apgdRound(loss: ApgdLoss, settings: ApgdSettings, { restart, rank }: ApgdTry): AttackRound {
	const { steps, start, eotSamples } = settings
	const { objective, stage } = loss
	const tried = `${rank === undefined ? '' : `target ${rank} `}restart ${restart}`
	const name = `${stage} ${tried}`
	return {
		stage,
		name,
		cost: { evaluations: rank === undefined ? 0 : 1, gradients: (steps + 1) * eotSamples },
		async run(classifier, batch, threatModel, streams, sight) {
			const { images, labels, ids } = batch
			const first = images.data.slice()
			if (threatModel.epsilon === 0) return { ...images, data: first }
			const side = {
				labels: int64([labels.length], labels),
				...defined({ targets: rank !== undefined ? await targets(classifier, batch, rank) : undefined }),
			}
			const set = perturbationSet(threatModel, images)
			const size = rowSize(images)
			if (start === 'uniform') {
				for (const [row, id] of ids.entries()) {
					const place = { start: row * size, end: (row + 1) * size }
					apgdRandomStart(first, place, threatModel, streams(id, `apgd ${loss.name} ${tried}`))
				}
				set.project(first)
			}
			const gradient = expectedGradient(classifier, eotSamples, restart * (steps + 1))
			const { adversarial } = await apgdRun<Float32Array>({
				...threatModel,
				steps,
				clean: images.data,
				start: first,
				count: ids.length,
				settle: (pixels) => set.project(pixels),
				async evaluate(pixels, iteration) {
					const seen = await gradient(iteration, { ...images, data: pixels }, objective, side)
					requireFinite(seen, ids, `of ${name} after ${iteration} of ${steps} steps`, sight)
					const right = predictions(entry(seen.taps, 'logits'), ids).map((predicted, row) => predicted === labels[row])
					return { loss: seen.loss.data, gradient: seen.gradient.data, right }
				},
			})
			return { ...images, data: adversarial }
		},
	}
}

/** Targets of a rank on the clean images. */
async function targets(
	classifier: Classifier,
	{ images, labels, ids }: AttackBatch,
	rank: number,
): Promise<Tensor<'int64'>> {
	const logits = await logitsOf(classifier, images)
	// Ranks are meaningless if a logit is NaN.
	predictions(logits, ids)
	return int64([labels.length], rankedTargets(logits, labels, rank))
}
