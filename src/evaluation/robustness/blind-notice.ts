/** What must be said of images whose attack had no gradient to follow. */

import { type AttackOutcome, isRobust } from '../../attacks/run/attack-outcomes.js'

/**
 * A sentence where images count as robust although every gradient that the attack looked at was zero; none otherwise. Such
 * an image has withstood noise, not an attack.
 */
export function blindNotices(outcomes: readonly AttackOutcome[]): string[] {
	const robust = outcomes.filter(isRobust)
	const blind = robust.filter(({ zeroGradient }) => zeroGradient)
	if (blind.length === 0) return []
	return [
		`The attack saw no gradient but zero for ${blind.length} of the ${robust.length} images that count as robust, so it had nothing to follow: the robust accuracy is no measure of the model. Something in it hides the gradient, such as rounding, a threshold or a saturated softmax. Attack it without gradients (square), from surrogates (naptune generate) or through a stand-in (bpdaClassifier); naptune audit finds out why for a tuned run.`,
	]
}
