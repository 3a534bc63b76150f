/** Attacks by an attacker who does not know the attacked model. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { Classifier } from '../../classifier/classifier.js'

/**
 * The same attack, with adversarial images made against a different classifier than the attacked one.
 * @param surrogate For the same classes and image size as the attacked one.
 */
export function transferAttack(attack: PreparedAttack, surrogate: Classifier): PreparedAttack {
	return {
		...attack,
		rounds: (classes) =>
			attack.rounds(classes).map((round) => ({
				...round,
				run: (_, ...others) => round.run(surrogate, ...others),
			})),
	}
}
