/** Comparisons of methods: one record from their evaluations on the same images under the same attack. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { evaluationSettingsShape } from './evaluation.js'
import { accuracySchema } from './parts/accuracy.js'
import { count, seconds, share } from './parts/fields.js'
import { presetSchema } from './parts/preset.js'
import type { RecordForm } from './record-form.js'

const method = z.strictObject({
	defense: z.string().describe('Name of the defense or of a variant.'),
	trainableParameters: count,
	clean: accuracySchema,
	robust: accuracySchema,
	paired: z
		.strictObject({ onlyThis: count, onlyReference: count, p: share })
		.nullable()
		.describe(
			'Compared with the reference method on the same images under attack: images that only this method and only the reference gets right, and the exact two-sided McNemar p-value; null for the reference itself.',
		),
	tuningSeconds: seconds,
	evaluationSeconds: seconds,
})

const { format, model, dataset, attack, threatModel, seed } = evaluationSettingsShape

const comparison = z.strictObject({
	format,
	model,
	dataset,
	attack,
	threatModel,
	seed,
	reference: z.string().describe('Method to which the others are compared.'),
	methods: z.array(method),
})

/** A comparison; everything except times follows from its records. */
export type Comparison = Immutable<z.output<typeof comparison>>

/** Comparisons under a preset. */
export const comparisonForm = {
	title: 'a comparison',
	doc: 'Methods tuned and attacked under one protocol, side by side (naptune compare).',
	advice: 'Compare again; finished work is reused.',
	schema: comparison.extend({ preset: presetSchema }),
} satisfies RecordForm<z.ZodType>
