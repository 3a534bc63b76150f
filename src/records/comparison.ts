/** Methods side by side: one record from the evaluations of all of them on the same images under the same attack. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { evaluationSettingsShape } from './evaluation.js'
import { accuracySchema } from './parts/accuracy.js'
import { count, seconds, share } from './parts/fields.js'
import { presetSchema } from './parts/preset.js'
import type { RecordForm } from './record-form.js'

const method = z.strictObject({
	defense: z.string().describe('Name of the defense, or of a variant of it.'),
	trainableParameters: count,
	clean: accuracySchema,
	robust: accuracySchema,
	paired: z
		.strictObject({ onlyThis: count, onlyReference: count, p: share })
		.nullable()
		.describe(
			'Against the reference method on the same images under attack: images that only this one, and only the reference, gets right, and the exact two-sided McNemar p-value; null for the reference itself.',
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
	reference: z.string().describe('Method that the others are paired with.'),
	methods: z.array(method),
})

/** A comparison; everything but times follows from the records it was made of. */
export type Comparison = Immutable<z.output<typeof comparison>>

/** Comparisons under a preset. */
export const comparisonForm = {
	title: 'a comparison',
	doc: 'Methods that were tuned and attacked under one protocol, side by side (naptune compare).',
	advice: 'Compare again; what is finished is not computed again.',
	schema: comparison.extend({ preset: presetSchema }),
} satisfies RecordForm<z.ZodType>
