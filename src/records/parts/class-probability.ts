/** What a model sees in an image. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { count, share } from './fields.js'

/** A class that a model sees, with its probability. */
export const classProbabilitySchema = z.strictObject({
	index: count.describe('Position among the class names.'),
	className: z.string(),
	probability: share.describe(
		'Softmax over all classes; for a model of independent classes, such as SigLIP, the sigmoid of the logit.',
	),
})

/** A class that a model sees, with its probability. */
export type ClassProbability = Immutable<z.output<typeof classProbabilitySchema>>
