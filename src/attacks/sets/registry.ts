/** The sets of all threat models. */

import type { Tensor } from '../../core/tensor.js'
import { l2Set } from './l2-set.js'
import { linfSet } from './linf-set.js'
import type { PerturbationSet } from './perturbation-set.js'
import type { ThreatModel } from './threat-model.js'

/** The set of a threat model around clean images [B, 3, H, W] in [0, 1]. */
export function perturbationSet({ norm, epsilon }: ThreatModel, clean: Tensor<'float32'>): PerturbationSet {
	return norm === 'linf' ? linfSet(epsilon, clean) : l2Set(epsilon, clean)
}
