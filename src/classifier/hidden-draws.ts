/** Classifiers with random numbers that the attacker does not know. */

import { NaptuneError } from '../core/errors.js'
import type { Classifier } from './classifier.js'
import { type ClassifierHooks, decorate } from './decorate.js'

/**
 * A randomised classifier from its draws. It is evaluated with the numbers of draw 0, the deployed ones. Its own gradient is
 * that of draw 1, with its losses and taps: whoever attacks without averaging over draws guesses numbers once, and never
 * sees the deployed ones but through outputs.
 * @param at The classifier with the numbers of an index; equal numbers for equal indices. Releasing what it returns is
 * never asked for.
 * @param release Frees what all draws share.
 * @throws NaptuneError (from `draw`) for an index that is no whole number from 0.
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
				`Draws of a randomised classifier are counted by whole numbers from 0, got ${index}.`,
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

/** A classifier that has draws. */
export type Randomised = Classifier & Required<Pick<Classifier, 'draw'>>
