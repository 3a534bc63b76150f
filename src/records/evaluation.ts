/** Evaluations: a model attacked on images, with the outcome of every image. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { accuracySchema, passesSchema, stageSchema } from './parts/accuracy.js'
import { attackSchema, knowledgeSchema } from './parts/attack.js'
import { imagesSchema } from './parts/dataset.js'
import { chosen, count, positive, seconds } from './parts/fields.js'
import { defenseSchema, modelSchema, testTimeSchema, versionsSchema } from './parts/model.js'
import { outcomeSchema } from './parts/outcome.js'
import { threatModelSchema } from './parts/threat-model.js'
import { type RecordOf, recordKind, type SettingsOf } from './record-form.js'

/** The settings that determine the outcomes of an attack on a defense; other records share some of them. */
export const evaluationSettingsShape = {
	format: z.literal(1),
	defense: defenseSchema,
	testTime: testTimeSchema
		.exactOptional()
		.describe('What changes for each image at classification time; missing if nothing does.'),
	knowledge: knowledgeSchema,
	knownModel: chosen
		.exactOptional()
		.describe('The model that supplies gradients if the attacker does not know the attacked one.'),
	attack: attackSchema,
	target: count.exactOptional().describe('Position of the target class of a targeted attack.'),
	threatModel: threatModelSchema,
	seed: count.describe("Seed of the attack's random choices."),
	model: modelSchema,
	dataset: imagesSchema,
	versions: versionsSchema,
}

/** The findings of an attack on images. */
export const findingsShape = {
	images: count.describe(
		'Number of images. All count in both denominators; an image that is wrong when clean is wrong under attack.',
	),
	clean: accuracySchema,
	robust: accuracySchema,
	reached: accuracySchema
		.exactOptional()
		.describe(
			'For a targeted attack: among attacked images of other classes, the share mistaken for the target; missing if there are none.',
		),
	stages: z.array(stageSchema).min(2).exactOptional().describe('Stages of an attack that has several.'),
	seconds: seconds.describe('Wall-clock time, summed over all processes that worked on it.'),
	passes: passesSchema
		.exactOptional()
		.describe(
			'Images passed through the attacked models and their surrogates, summed over all processes. Missing in older records.',
		),
	outcomes: z.array(outcomeSchema).min(1).describe('Outcomes in the order of the images.'),
}

const findings = z.strictObject(findingsShape)

/**
 * The findings of an attack on images. All images count in both denominators; an image that is wrong when clean is wrong
 * under attack.
 */
export type AttackFindings = Immutable<z.output<typeof findings>>

/** Evaluation records. */
export const evaluationKind = recordKind({
	title: 'an evaluation record',
	doc: 'Clean and robust accuracy of a model on images under an attack, with the outcome of every image (naptune evaluate).',
	advice: 'Restore it, or evaluate again.',
	settings: evaluationSettingsShape,
	found: { ...findingsShape, threads: positive, batchSize: positive },
})

/** The settings that determine the outcomes of an evaluation; JSON. */
export type EvaluationSettings = SettingsOf<typeof evaluationKind>

/** A finished evaluation. */
export type EvaluationRecord = RecordOf<typeof evaluationKind>
