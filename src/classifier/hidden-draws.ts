/** Classifiers with random numbers that the attacker does not know. */

import { NaptuneError } from '../core/errors.js'
import type { Classifier } from './classifier.js'

/**
 * A randomised classifier from its draws. It is evaluated with the numbers of draw 0, the deployed ones. Its own gradient is
 * that of draw 1, with its losses and taps: whoever attacks without averaging over draws guesses numbers once, and never
 * sees the deployed ones but through outputs.
 * @param at The classifier with the numbers of an index; equal numbers for equal indices. Releasing what it returns is
 * never asked for.
 * @param release Frees what all draws share.
 */
export function hiddenDraws<Drawn extends Classifier>(
	at: (index: number) => Drawn,
	release: () => Promise<void>,
): Drawn & { draw(index: number): Classifier } {
	const kept = async () => {}
	let guess: Drawn | undefined
	const deployed: Drawn & { draw(index: number): Classifier } = {
		...at(0),
		gradient: (...call) => {
			guess ??= at(1)
			return guess.gradient(...call)
		},
		draw(index) {
			if (!Number.isSafeInteger(index) || index < 0) {
				throw new NaptuneError(`Draws of a randomised classifier are counted by whole numbers from 0, got ${index}.`)
			}
			return { ...(index === 0 ? deployed : at(index)), release: kept }
		},
		release,
	}
	return deployed
}
