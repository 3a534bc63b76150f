/** What a model sees in an image. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { count, share } from './fields.js'

/** A class that a model sees, and how surely. */
export const classProbabilitySchema = z.strictObject({
	index: count.describe('Position among the class names.'),
	className: z.string(),
	probability: share.describe(
		'Softmax over all classes; of a model of independent classes, such as SigLIP, the sigmoid of its logit.',
	),
})

/** A class that a model sees, and how surely. */
export type ClassProbability = Immutable<z.output<typeof classProbabilitySchema>>
