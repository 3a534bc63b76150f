/** Checks that an image gets the same answer twice, alone or among others. */

import { crossEntropyObjective } from '../../../classifier/objectives/objective.js'
import { predictions } from '../../../classifier/predictions.js'
import { at } from '../../../core/at.js'
import { range, takeRows } from '../../../core/rows.js'
import { int64, type Tensor } from '../../../core/tensor.js'
import { logitsOf } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'
import { largestDistance } from '../logit-statistics.js'

/** Number of images, passes over them, and images that run alone. */
const [mostImages, passes, alone] = [64, 5, 8]
/** Distance of normalised logits above which AutoAttack calls a defense randomised. */
const tolerance = 1e-4

export const deterministicForward: AuditCheck = {
	id: 'deterministic-forward',
	meaning: 'An image gets the same logits and the same gradient in every pass, whatever else is in its batch.',
	advice:
		'Attack a randomised defense by its expectation over draws (AutoAttack rand), and evaluate with the batch size of the attack; look for dropout or batch statistics.',
	async run({ model, images, batchSize }) {
		const rows = range(0, Math.min(mostImages, images.ids.length))
		const pixels = takeRows(images.pixels, rows)
		const labels = rows.map((row) => at(images.labels, row))
		const ids = rows.map((row) => at(images.ids, row))
		const first = await logitsOf(model, pixels, batchSize)
		const again: Tensor<'float32'>[] = []
		for (let pass = 1; pass < passes; pass++) again.push(await logitsOf(model, pixels, batchSize))
		const backwards = await logitsOf(model, takeRows(pixels, rows.toReversed()), Math.max(1, rows.length - 1))
		const single = await logitsOf(model, takeRows(pixels, rows.slice(0, alone)), 1)
		const otherBatches = [takeRows(backwards, rows.toReversed()), single]
		const gradient = async () =>
			(await model.gradient(pixels, crossEntropyObjective, { labels: int64([rows.length], labels) })).gradient
		const sameGradient = sameBytes(await gradient(), await gradient())

		const own = predictions(first, ids)
		const others = [...again, ...otherBatches]
		const distance = Math.max(...others.map((other) => largestDistance(firstRows(first, other), other)))
		const changed = others.some((other) =>
			predictions(other, ids).some((predicted, position) => predicted !== own[position]),
		)
		const identicalPasses = again.every((other) => sameBytes(first, other))
		const identicalBatches = otherBatches.every((other) => sameBytes(firstRows(first, other), other))
		const randomised = changed || !(distance <= tolerance)
		const exact = identicalPasses && identicalBatches && sameGradient
		return {
			status: randomised ? 'fail' : exact ? 'pass' : 'warn',
			summary: randomised
				? `${changed ? 'predictions change' : 'logits change'} between passes, by up to ${distance.toExponential(1)} of their length`
				: exact
					? `${passes} passes, other batches and two gradients agree byte for byte`
					: `equal up to rounding, at most ${distance.toExponential(1)} of the logits' length`,
			images: rows.length,
			measured: {
				identicalPasses,
				identicalBatches,
				sameGradient,
				predictionsChange: changed,
				largestDistance: distance,
			},
		}
	},
}

function firstRows(all: Tensor<'float32'>, like: Tensor<'float32'>): Tensor<'float32'> {
	return takeRows(all, range(0, at(like.shape, 0)))
}

function sameBytes(a: Tensor<'float32'>, b: Tensor<'float32'>): boolean {
	return a.data.length === b.data.length && a.data.every((value, index) => Object.is(value, b.data[index]))
}
