/** The worst of several evaluations of one model, image by image. */

import { type AttackOutcome, isRobust } from '../../attacks/run/attack-outcomes.js'
import { NaptuneError } from '../../core/errors.js'
import { type EvaluationResult, summarize } from './evaluate.js'

/**
 * What becomes of each image when its attacker may choose among attacks that were all tried.
 * @param evaluations At least one, of the same images in the same order with the same clean predictions.
 * @throws NaptuneError when they are not.
 */
export function worstCase(
	evaluations: readonly { readonly outcomes: readonly AttackOutcome[] }[],
): Pick<EvaluationResult, 'images' | 'clean' | 'robust' | 'outcomes'> {
	const [first, ...others] = evaluations
	if (!first)
		throw new NaptuneError('NAP_ARGUMENT_INVALID', 'The worst of no evaluations was asked for; give at least one.')
	const more = others.find(({ outcomes: own }) => own.length > first.outcomes.length)
	if (more) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The evaluations cover ${first.outcomes.length} and ${more.outcomes.length} images. Give evaluations of one model on one split.`,
		)
	}
	const outcomes = first.outcomes.map((outcome, index) => {
		const same = others.map(({ outcomes: own }) => own[index])
		const strange = same.find((own) => own?.id !== outcome.id || own.cleanPrediction !== outcome.cleanPrediction)
		if (same.includes(undefined) || strange) {
			throw new NaptuneError(
				'NAP_ARGUMENT_INVALID',
				`The evaluations do not tell of the same model and images: they differ at ${outcome.id}. Give evaluations of one model on one split.`,
			)
		}
		return [outcome, ...(same as AttackOutcome[])].find((own) => !isRobust(own)) ?? outcome
	})
	return { ...summarize(outcomes), outcomes }
}
