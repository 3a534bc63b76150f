/** Warns about images whose attack had no gradient to follow. */

import { type AttackOutcome, isRobust } from '../../attacks/run/attack-outcomes.js'

/**
 * A sentence if images count as robust although every gradient of the attack was zero; otherwise none. Such images have
 * withstood noise, not an attack.
 */
export function blindNotices(outcomes: readonly AttackOutcome[]): string[] {
	const robust = outcomes.filter(isRobust)
	const blind = robust.filter(({ zeroGradient }) => zeroGradient)
	if (blind.length === 0) return []
	return [
		`For ${blind.length} of the ${robust.length} images that count as robust, every gradient was zero, so the attack had nothing to follow: the robust accuracy does not measure the model. Something in the model hides the gradient, such as rounding, a threshold or a saturated softmax. Attack it without gradients (square), from surrogates (naptune generate) or through a stand-in (bpdaClassifier); naptune audit finds out why for a tuned run.`,
	]
}
