/** Fields that the results of several jobs share. */

import { z } from 'zod'
import { count, positive } from '../../records/parts/fields.js'
import { threatModelSchema } from '../../records/parts/threat-model.js'

/** The data, the attack and its size; see `protocolText`. */
export const attackedFields = {
	data: z.string().describe('Name of the data.'),
	...threatModelSchema.shape,
	split: z.string(),
	images: positive,
	seed: count.describe('Seed of the attack and of the choice of images.'),
} as const

/** What a reader must know before believing the numbers. */
export const noticesField = z
	.array(z.string())
	.describe('What a reader must know before believing the numbers, a sentence each.')
