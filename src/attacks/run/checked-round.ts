/** Rounds whose input and output are checked. */

import { checkPerturbation } from '../sets/check-perturbation.js'
import type { AttackRound } from './attack-round.js'
import { checkInput, type NormedAttack } from './check-input.js'

/**
 * A round that never sees a batch it cannot work on, and never returns an image outside the threat model. Every round that
 * an attack gives away is one.
 * @throws NaptuneError (from the round's `run`) for another norm, a bad batch or threat model, and for a bad result.
 */
export function checkedRound(attack: NormedAttack, round: AttackRound): AttackRound {
	return {
		...round,
		async run(classifier, batch, threat, ...others) {
			checkInput(attack, classifier, batch, threat)
			const candidates = await round.run(classifier, batch, threat, ...others)
			checkPerturbation(batch.images, candidates, threat, batch.ids)
			return candidates
		},
	}
}
