/** Combines several evaluations of one model into the worst result per image. */

import { type AttackOutcome, isRobust } from '../../attacks/run/attack-outcomes.js'
import { NaptuneError } from '../../core/errors.js'
import { type EvaluationResult, summarize } from './evaluate.js'

/**
 * The outcome of each image if its attacker may choose among all the attacks tried.
 * @param evaluations At least one, of the same images in the same order with the same clean predictions.
 * @throws NaptuneError otherwise.
 */
export function worstCase(
	evaluations: readonly { readonly outcomes: readonly AttackOutcome[] }[],
): Pick<EvaluationResult, 'images' | 'clean' | 'robust' | 'outcomes'> {
	const [first, ...others] = evaluations
	if (!first) throw new NaptuneError('NAP_ARGUMENT_INVALID', 'The worst case needs at least one evaluation; got none.')
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
				`The evaluations differ in model or images: they disagree about ${outcome.id}. Give evaluations of one model on one split.`,
			)
		}
		return [outcome, ...(same as AttackOutcome[])].find((own) => !isRobust(own)) ?? outcome
	})
	return { ...summarize(outcomes), outcomes }
}
