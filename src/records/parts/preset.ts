/** Presets: named, versioned configurations, stored in the package and in the records that use them. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { count, options, positive } from './fields.js'

/** How a preset evaluates results. */
export const presetEvaluationSchema = z.strictObject({
	attack: z.string(),
	epsilon: z.string().describe('L-infinity size, such as `3/255`.'),
	seed: count,
	images: positive.exactOptional().describe('Number of test images, balanced over the classes; all if missing.'),
})

/** A named, versioned configuration. */
export const presetSchema = z.strictObject({
	name: z.string(),
	version: positive,
	doc: z.string().describe('Its purpose, and the reasons for its values.'),
	defense: z.string().default('nap').describe('The default method.'),
	tuning: options.describe('Settings of all methods that differ from the defaults.'),
	methods: z
		.record(z.string(), options)
		.default({})
		.describe('Settings of single methods, which override those of all.'),
	variants: z
		.record(z.string().regex(/^[a-z0-9-]+$/), options)
		.exactOptional()
		.describe("Rows of an ablation by name; their settings override those of the row's method."),
	epsilon: z
		.literal('where-vanilla-breaks')
		.exactOptional()
		.describe('Whether a run without a given epsilon measures one on its validation images.'),
	evaluation: presetEvaluationSchema.exactOptional(),
})

/** A named, versioned configuration. */
export type Preset = Immutable<z.output<typeof presetSchema>>
