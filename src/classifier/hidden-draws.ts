/** Classifiers whose random numbers the attacker does not know. */

import { NaptuneError } from '../core/errors.js'
import type { Classifier } from './classifier.js'
import { type ClassifierHooks, decorate } from './decorate.js'

/**
 * Makes a randomised classifier from its draws. Evaluations use draw 0, the deployed one. The classifier's own gradient,
 * losses and taps come from draw 1: an attacker who does not average over draws guesses the numbers once, and sees the
 * deployed ones only through outputs.
 * @param at Returns the classifier with the numbers of an index, the same for equal indices; its results are never released
 * one by one.
 * @param release Frees what all draws share.
 * @throws NaptuneError (from `draw`) for an index that is not a whole number of at least 0.
 * @example
 * const randomised = hiddenDraws((index) => graph.withFeeds({ noise: noiseOf(index) }), () => graph.release())
 */
export function hiddenDraws(at: (index: number) => Classifier, release: () => Promise<void>): Randomised {
	const kept = async () => {}
	let guess: Classifier | undefined
	const draw = (index: number): Classifier => {
		if (!Number.isSafeInteger(index) || index < 0) {
			throw new NaptuneError(
				'NAP_OPTION_INVALID',
				`The index of a draw must be a whole number of at least 0; got ${index}.`,
			)
		}
		return decorate(index === 0 ? deployed : at(index), { release: kept })
	}
	const hooks: ClassifierHooks = {
		gradient(_, ...call) {
			guess ??= at(1)
			return guess.gradient(...call)
		},
		release,
	}
	const deployed = Object.assign(decorate(at(0), hooks), { draw })
	return deployed
}

/** A classifier with draws. */
export type Randomised = Classifier & Required<Pick<Classifier, 'draw'>>
