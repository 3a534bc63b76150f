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

/** What decides the outcomes of attacking a defense on images; other records are of some of these, too. */
export const evaluationSettingsShape = {
	format: z.literal(1),
	defense: defenseSchema,
	testTime: testTimeSchema
		.exactOptional()
		.describe('What is changed for each image when it is classified; missing where nothing is.'),
	knowledge: knowledgeSchema,
	knownModel: chosen
		.exactOptional()
		.describe('The model that gradients are taken of, where the attacker does not know the attacked one.'),
	attack: attackSchema,
	target: count.exactOptional().describe('Position of the class that a targeted attack aims at.'),
	threatModel: threatModelSchema,
	seed: count.describe("Of the attack's random choices."),
	model: modelSchema,
	dataset: imagesSchema,
	versions: versionsSchema,
}

/** What attacking images finds. */
export const findingsShape = {
	images: count.describe('All count in both denominators; wrong when clean means wrong under attack.'),
	clean: accuracySchema,
	robust: accuracySchema,
	reached: accuracySchema
		.exactOptional()
		.describe(
			'Of a targeted attack: the share of images taken for the target, among those of other classes that were attacked; missing where there are none.',
		),
	stages: z.array(stageSchema).min(2).exactOptional().describe('Of an attack with several.'),
	seconds: seconds.describe('Wall-clock time of all processes that worked on it.'),
	passes: passesSchema
		.exactOptional()
		.describe(
			'Images passed through the attacked models and their surrogates, by all processes that worked on it. Missing in older records.',
		),
	outcomes: z.array(outcomeSchema).min(1).describe('In the order of the images.'),
}

const findings = z.strictObject(findingsShape)

/** What attacking images found. All images count in both denominators; wrong when clean means wrong under attack. */
export type AttackFindings = Immutable<z.output<typeof findings>>

/** Evaluation records. */
export const evaluationKind = recordKind({
	title: 'an evaluation record',
	doc: 'Clean and robust accuracy of a model on images under an attack, with the outcome of every image (naptune evaluate).',
	advice: 'Restore it, or evaluate again.',
	settings: evaluationSettingsShape,
	found: { ...findingsShape, threads: positive, batchSize: positive },
})

/** What decides the outcomes of an evaluation; JSON. */
export type EvaluationSettings = SettingsOf<typeof evaluationKind>

/** A finished evaluation. */
export type EvaluationRecord = RecordOf<typeof evaluationKind>
