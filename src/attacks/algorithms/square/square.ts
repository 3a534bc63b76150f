/** The Square attack (Andriushchenko et al., ECCV 2020): a random search over square patches that sees only logits. */

import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { logitsOf, predictions } from '../../../classifier/predictions.js'
import { at } from '../../../core/at.js'
import { range, rowSize, takeRows } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { defineAttack } from '../../define-attack.js'
import type { AttackRound } from '../../run/attack-round.js'
import type { ImageStreams } from '../../run/image-streams.js'
import type { ThreatModel } from '../../sets/threat-model.js'
import { type Area, copyArea } from './area.js'
import { l2Proposals } from './l2-proposals.js'
import { linfProposals } from './linf-proposals.js'
import { logitLosses } from './logit-losses.js'
import { type SquareSettings, squareSchema } from './options.js'
import type { Proposals } from './proposals.js'
import { squareSide } from './schedule.js'

/** The search for one image. */
interface Search {
	readonly row: number
	readonly id: string
	readonly label: number
	readonly proposals: Proposals
	readonly best: Float32Array
	lowest: number
}

/** The rounds of the Square attack, one per restart, named `square restart R` from 0 on. */
export function squareRounds(settings: SquareSettings): readonly AttackRound[] {
	return range(0, settings.restarts).map((restart) => {
		const name = `square restart ${restart}`
		return {
			stage: 'square',
			name,
			cost: { evaluations: settings.queries + 1, gradients: 0 },
			run: (classifier, batch, threatModel, streams) => search(name, settings, classifier, batch, threatModel, streams),
		}
	})
}

async function search(
	purpose: string,
	{ queries, p, loss, targeted, rescaleSchedule }: SquareSettings,
	classifier: Classifier,
	{ images, labels, ids }: AttackBatch,
	{ norm, epsilon }: ThreatModel,
	streams: ImageStreams,
): Promise<Tensor<'float32'>> {
	const found: Tensor<'float32'> = { ...images, data: images.data.slice() }
	if (epsilon === 0) return found
	const shape = classifier.inputShape
	const [, height, width] = shape
	const size = rowSize(images)
	const proposalsOf = norm === 'linf' ? linfProposals(shape, epsilon) : l2Proposals(shape, epsilon)
	const rowOf = (data: Float32Array, row: number) => data.subarray(row * size, (row + 1) * size)

	let tried: Tensor<'float32'> = { ...images, data: images.data.slice() }
	let open = ids.map((id, row): Search => {
		const proposals = proposalsOf(rowOf(images.data, row), streams(id, purpose))
		const best = proposals.start()
		tried.data.set(best, row * size)
		return { row, id, label: at(labels, row), proposals, best, lowest: Number.POSITIVE_INFINITY }
	})
	for (let query = 0; query <= queries && open.length > 0; query++) {
		// The first query evaluates the start; the schedule counts the queries after it.
		const side = squareSide(query - 1, [height, width], { p, queries, rescaleSchedule }, norm)
		const changed = open.map(({ proposals }, place): readonly Area[] =>
			query === 0 ? [] : proposals.propose(rowOf(tried.data, place), side),
		)
		const losses = await lossesOf(classifier, tried, open, targeted)
		const left = open.flatMap((one, place) => {
			const image = rowOf(tried.data, place)
			const { margin, crossEntropy } = at(losses, place)
			if (margin <= 0) {
				found.data.set(image, one.row * size)
				return []
			}
			const reached = loss === 'margin' ? margin : crossEntropy
			const better = reached < one.lowest
			for (const area of at(changed, place)) {
				if (better) copyArea(area, shape, image, one.best)
				else copyArea(area, shape, one.best, image)
			}
			if (better) {
				one.lowest = reached
				one.proposals.accept(one.best)
			}
			return [place]
		})
		if (left.length === open.length) continue
		const still = open
		open = left.map((place) => at(still, place))
		tried = takeRows(tried, left)
	}
	return found
}

async function lossesOf(
	classifier: Classifier,
	images: Tensor<'float32'>,
	searches: readonly Search[],
	targeted: boolean,
): Promise<ReturnType<typeof logitLosses>> {
	const logits = await logitsOf(classifier, images)
	const losses = logitLosses(
		logits,
		searches.map(({ label }) => label),
		targeted,
	)
	// Rejects NaN and names the images.
	predictions(
		logits,
		searches.map(({ id }) => id),
	)
	return losses
}

/**
 * The Square attack as in AutoAttack's reference code (fra31/auto-attack): starting from a random pattern at the border of
 * the ball, every query changes a square of the best image so far and keeps the change if it lowers the loss; squares shrink
 * on a schedule. It calls only the classifier's logits, and only for images whose margin is still above 0: a restart takes
 * at most `queries` + 1 evaluations per image, and two more decide what is left to do. As in the reference, a search ends at
 * a margin of 0, even if the label wins the tie; the image then counts as not fooled.
 *
 * Unlike the reference, which draws once for all images of a batch, each image draws places, signs and orientations of
 * squares from its own stream with the purpose `square restart R`. The distribution per image is the same, and its result
 * does not depend on the batch.
 * @example
 * const attack = square.prepare({ queries: 1000, rescaleSchedule: true })
 */
export const square = defineAttack({
	name: 'square',
	doc: 'Random search over square patches; sees only logits (Square, 5000 queries).',
	source:
		'Andriushchenko et al. 2020, arXiv 1912.00049; constants of AutoAttack standard (Croce and Hein 2020), code fra31/auto-attack',
	access: 'query',
	norms: ['linf', 'l2'],
	skipsWrong: true,
	schema: squareSchema,
	presets: {
		'square-1000': {
			doc: 'A quicker version: 1000 queries, with squares that shrink over these.',
			options: { queries: 1000, rescaleSchedule: true },
		},
	},
	targeted: ({ targeted }) => targeted,
	rounds: squareRounds,
})
