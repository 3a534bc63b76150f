/** What an attacker may change: the norm ball around the clean image and the box of valid pixels. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'

/** Norms that bound perturbations. */
export const norms = ['linf', 'l2'] as const

/** Norm that bounds the perturbation. */
export type Norm = (typeof norms)[number]

/** A perturbation set. Pixels are in [0, 1]. */
export const threatModelSchema = z.strictObject({
	norm: z.enum(norms),
	epsilon: z.number().nonnegative().describe('Radius in pixel units of [0, 1]: 1/255 is one grey level.'),
})

/** A perturbation set. Pixels are in [0, 1]. */
export type ThreatModel = Immutable<z.output<typeof threatModelSchema>>
