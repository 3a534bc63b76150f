/** Calibrations: the correction scores of clean images held out of tuning. */

import { z } from 'zod'
import { positive, sha256 } from './parts/fields.js'
import { type RecordOf, recordKind } from './record-form.js'

const scores = z.array(z.number().nonnegative()).min(1)

/** The key of the scores; a different key means that they must be recomputed. */
export const calibrationKeySchema = z.strictObject({
	model: sha256.describe('SHA-256 of the checkpoint.'),
	parameters: sha256,
	ids: sha256.describe('SHA-256 of the image ids in order.'),
	split: z
		.enum(['validation', 'held-out training'])
		.describe('`validation`, or training images outside of the few-shot sample.'),
	images: positive,
})

const scoresSchema = z.strictObject({ correction: scores, disagreement: scores.exactOptional() })

/** Calibrations of runs. */
export const calibrationKind = recordKind({
	title: 'a calibration',
	doc: "How heavily a run's refiners correct clean images held out of its tuning (naptune calibrate).",
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
			.describe('Thresholds by false-positive rate; scores above them are flagged.'),
	},
})

/** The content of the file. */
export type Calibration = RecordOf<typeof calibrationKind>
