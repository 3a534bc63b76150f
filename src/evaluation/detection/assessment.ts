/** Assesses the correction scores of one image against a calibration. */

import { z } from 'zod'
import { defined } from '../../core/defined.js'
import type { Immutable } from '../../core/immutable.js'
import { calibrationKeySchema } from '../../records/calibration.js'
import { falsePositives, falsePositivesSchema, isFlagged, pValue } from './calibration.js'
import type { Calibration } from './recorded-calibration.js'

const calibratedScoreSchema = z.object({
	score: z.number(),
	pValue: z
		.number()
		.describe('In (0, 1]: the share of clean images that score at least as high; a small value is unusual.'),
})

/** A score and the share of clean images that reach it; see `pValue`. */
export type CalibratedScore = Immutable<z.output<typeof calibratedScoreSchema>>

/** How heavily an image was corrected. */
export const refinementAssessmentSchema = z.object({
	heavilyCorrected: z.boolean().describe('Whether the p-value of the correction is at most the false-positive rate.'),
	correction: calibratedScoreSchema.describe('Relative size of the correction.'),
	disagreement: calibratedScoreSchema
		.extend({ high: z.boolean().describe('The same flag for the disagreement.') })
		.exactOptional()
		.describe("How far an ensemble's refiners disagreed, relative to the tokens."),
})

/** How heavily an image was corrected. */
export type RefinementAssessment = Immutable<z.output<typeof refinementAssessmentSchema>>

/** Assesses the scores of one image. @param rate False-positive rate of the flags, in (0, 1). */
export function assess(
	{ scores }: Pick<Calibration, 'scores'>,
	rate: number,
	found: { readonly correction: number; readonly disagreement?: number },
): RefinementAssessment {
	const { correction, disagreement } = found
	return {
		heavilyCorrected: isFlagged(scores.correction, correction, rate),
		correction: { score: correction, pValue: pValue(scores.correction, correction) },
		...defined({
			disagreement:
				disagreement !== undefined && scores.disagreement
					? {
							score: disagreement,
							pValue: pValue(scores.disagreement, disagreement),
							high: isFlagged(scores.disagreement, disagreement, rate),
						}
					: undefined,
		}),
	}
}

/** The flags at a false-positive rate, and the clean images that set them. */
export const flagRatesSchema = z.object({
	split: calibrationKeySchema.shape.split,
	images: calibrationKeySchema.shape.images,
	heavilyCorrected: falsePositivesSchema,
	highDisagreement: falsePositivesSchema.exactOptional(),
})

/** The flags at a false-positive rate, and the clean images that set them. */
export type FlagRates = Immutable<z.output<typeof flagRatesSchema>>

/** The parts of a calibration that {@link flagRates} needs. */
interface CleanScores extends Pick<Calibration, 'scores'> {
	readonly key: Pick<Calibration['key'], 'split' | 'images'>
}

/** The flags at a false-positive rate. @param rate In (0, 1). */
export function flagRates({ key, scores }: CleanScores, rate: number): FlagRates {
	return {
		split: key.split,
		images: key.images,
		heavilyCorrected: falsePositives(scores.correction, rate),
		...defined({ highDisagreement: scores.disagreement ? falsePositives(scores.disagreement, rate) : undefined }),
	}
}
