/** Rounds with checked input and output. */

import { checkPerturbation } from '../sets/check-perturbation.js'
import type { AttackRound } from './attack-round.js'
import { checkInput, type NormedAttack } from './check-input.js'

/**
 * A round that rejects unsuitable batches and never returns an image outside the threat model. Every round that an attack
 * exposes is one.
 * @throws NaptuneError (from the round's `run`) for an unsupported norm, a bad batch or threat model, and a bad result.
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
