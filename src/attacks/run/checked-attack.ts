/** Attacks whose input and output are checked. */

import { checkPerturbation } from '../sets/check-perturbation.js'
import { threatModel } from '../sets/threat-model.js'
import type { Attack } from './attack.js'
import { checkBatch } from './check-batch.js'

/**
 * Wraps an attack so that it never sees a batch it cannot work on, and never returns an image outside the threat model.
 * @throws NaptuneError (from the returned attack) for a bad batch or threat model, and for a bad result.
 */
export function checkedAttack<Options>(attack: Attack<Options>): Attack<Options> {
	return async (classifier, batch, threat, options, streams) => {
		threatModel(threat.norm, threat.epsilon)
		checkBatch(classifier, batch)
		const adversarial = await attack(classifier, batch, threat, options, streams)
		checkPerturbation(batch.images, adversarial, threat, batch.ids)
		return adversarial
	}
}
