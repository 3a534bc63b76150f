/** Data sets as records describe them. */

import { z } from 'zod'
import { informative } from '../informative.js'
import { dataOriginSchema } from './data-origin.js'
import { count, sha256 } from './fields.js'

/** Record fields of any data set. */
export const datasetShape = {
	name: z.string(),
	origin: dataOriginSchema.describe('How to load the same data again.'),
	notices: informative(
		z.array(z.string()).describe('What a reader must know before believing the numbers, such as a split drawn here.'),
	),
	classNames: z.array(z.string()).describe('Class names in the order of labels.'),
}

const { name, origin, notices, classNames } = datasetShape

/** A choice of images of a split. */
export const imagesSchema = z.strictObject({
	name,
	origin,
	notices,
	split: z.string(),
	images: count,
	ids: sha256.describe('SHA-256 of the JSON list of image ids, in order.'),
	classNames,
})
