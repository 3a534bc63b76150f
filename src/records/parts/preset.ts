/** Presets: named, versioned configurations, as files of the package and in the records of what they were used for. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { count, options, positive } from './fields.js'

/** How a preset means results to be evaluated. */
export const presetEvaluationSchema = z.strictObject({
	attack: z.string(),
	epsilon: z.string().describe('L-infinity, such as `3/255`.'),
	seed: count,
	images: positive.exactOptional().describe('Size of the balanced choice of test images; all where missing.'),
})

/** A named, versioned configuration. */
export const presetSchema = z.strictObject({
	name: z.string(),
	version: positive,
	doc: z.string().describe('What it is for and why its values are what they are.'),
	defense: z.string().default('nap').describe('The method that is tuned when none is named.'),
	tuning: options.describe('Settings of every method, where they differ from the defaults.'),
	methods: z.record(z.string(), options).default({}).describe('Settings of single methods, over those of all.'),
	variants: z
		.record(z.string().regex(/^[a-z0-9-]+$/), options)
		.exactOptional()
		.describe('Rows of an ablation by name: settings over those of the method they belong to.'),
	epsilon: z
		.literal('where-vanilla-breaks')
		.exactOptional()
		.describe('Where none is given, the epsilon of a run is measured on its validation images.'),
	evaluation: presetEvaluationSchema.exactOptional(),
})

/** A named, versioned configuration. */
export type Preset = Immutable<z.output<typeof presetSchema>>
