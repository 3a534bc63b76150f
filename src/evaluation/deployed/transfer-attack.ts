/** Attacks by somebody who does not know the model that is attacked. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { Classifier } from '../../classifier/classifier.js'

/**
 * The same attack, whose adversarial images are made against another classifier than the one they are tried on.
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
