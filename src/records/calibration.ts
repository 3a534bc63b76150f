/** Calibrations: the correction scores of clean images that a model was not tuned on. */

import { z } from 'zod'
import { positive, sha256 } from './parts/fields.js'
import { type RecordOf, recordKind } from './record-form.js'

const scores = z.array(z.number().nonnegative()).min(1)

/** What the scores are of; others are computed where it differs. */
export const calibrationKeySchema = z.strictObject({
	model: sha256.describe('Of the checkpoint.'),
	parameters: sha256,
	ids: sha256.describe('Of the image ids in order.'),
	split: z
		.enum(['validation', 'held-out training'])
		.describe('`validation`, or training images outside of the few-shot sample.'),
	images: positive,
})

const scoresSchema = z.strictObject({ correction: scores, disagreement: scores.exactOptional() })

/** Calibrations of runs. */
export const calibrationKind = recordKind({
	title: 'a calibration',
	doc: "How heavily a run's refiners correct clean images that it was not tuned on (naptune calibrate).",
	advice: 'Calibrate again.',
	settings: { format: z.literal(1), key: calibrationKeySchema },
	found: {
		scores: scoresSchema.describe('Ascending.'),
		thresholds: z
			.array(
				z.strictObject({
					falsePositiveRate: z.number(),
					correction: z.number().nullable(),
					disagreement: z.number().nullable().exactOptional(),
				}),
			)
			.describe('Scores above a threshold are flagged at this false-positive rate.'),
	},
})

/** The content of the file. */
export type Calibration = RecordOf<typeof calibrationKind>
