/** Measurements of whether correction scores separate attacked images from clean ones. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { calibrationKeySchema } from './calibration.js'
import { evaluationSettingsShape } from './evaluation.js'
import { accuracySchema, shareSchema } from './parts/accuracy.js'
import { count, positive, share } from './parts/fields.js'
import { type RecordOf, recordKind, type SettingsOf } from './record-form.js'

/** Names of scores, and of the deployed classifier's taps that return them. */
export const correctionScores = ['correction', 'disagreement'] as const

/** A score of an image. */
export type CorrectionScore = (typeof correctionScores)[number]

const score = z.enum(correctionScores)

const image = z.strictObject({
	prediction: count,
	correction: z.number(),
	disagreement: z.number().exactOptional(),
})

/** What the model outputs for one version of an image. */
export type ScoredImage = Immutable<z.output<typeof image>>

const outcome = z.strictObject({
	id: z.string(),
	label: count,
	clean: image,
	attacked: z.array(image).describe('Attacked versions in the order of the attacks.'),
})

/** One image, clean and under every attack, in the order of the attacks. */
export type DetectionOutcome = Immutable<z.output<typeof outcome>>

const scoreDetection = z.strictObject({
	score,
	detected: shareSchema.describe('Share of attacked images flagged at the false-positive rate.'),
	areaUnderRoc: share.describe('Area for attacked against clean images of the same split; 0.5 is chance.'),
	wrongAndUndetected: shareSchema.describe(
		'Share of all images on which the attack fools the model unflagged, which is what an attacker still achieves.',
	),
})

const attackDetection = z.strictObject({
	attack: z.string(),
	objective: z.string().exactOptional(),
	accuracy: accuracySchema.describe('Accuracy on the attacked images; every image was attacked.'),
	scores: z.array(scoreDetection),
})

const decided = { images: count, falsePositiveRate: z.number() }

const findings = {
	cleanAccuracy: accuracySchema,
	falsePositives: z
		.array(z.strictObject({ score, ...shareSchema.shape }))
		.describe(
			'Share of flagged clean images, which is the false-positive rate on images that the calibration has not seen.',
		),
	attacks: z.array(attackDetection),
	outcomes: z.array(outcome).describe('Outcomes in the order of the split.'),
}

const detection = z.strictObject({ ...decided, ...findings })

/** A measured detector. */
export type DetectionResult = Immutable<z.output<typeof detection>>

/** Measurements of detection. */
export const detectionKind = recordKind({
	title: 'a measurement of detection',
	doc: "Whether the size of the refiners' corrections separates attacked images from clean ones (naptune calibrate --attack).",
	advice: 'Restore it, or measure again with naptune calibrate.',
	settings: {
		...evaluationSettingsShape,
		calibration: calibrationKeySchema.describe('The clean images behind the thresholds.'),
		...decided,
	},
	found: { ...findings, threads: positive, batchSize: positive },
})

/** The settings that determine a measurement. */
export type DetectionSettings = SettingsOf<typeof detectionKind>

/** A finished measurement. */
export type DetectionRecord = RecordOf<typeof detectionKind>
