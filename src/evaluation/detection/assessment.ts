/** What the correction scores of one image say, against a calibration. */

import { defined } from '../../core/defined.js'
import { falsePositives, isFlagged, pValue } from './calibration.js'
import type { Calibration } from './recorded-calibration.js'

/** A score and the share of clean images that reach it. */
export interface CalibratedScore {
	readonly score: number
	/** In (0, 1]; small means unusual. See `pValue`. */
	readonly pValue: number
}

/** How heavily an image was corrected. */
export interface RefinementAssessment {
	/** Whether the p-value of the correction is at most the false-positive rate. */
	readonly heavilyCorrected: boolean
	/** Relative size of the correction. */
	readonly correction: CalibratedScore
	/** How far averaged corrections disagreed, relative to the tokens. */
	readonly disagreement?: CalibratedScore & {
		/** The same flag for the disagreement. */
		readonly high: boolean
	}
}

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

/** The flags at a false-positive rate, and the clean images that set them. @param rate In (0, 1). */
export function flagRates({ key, scores }: Pick<Calibration, 'key' | 'scores'>, rate: number) {
	return {
		split: key.split,
		images: key.images,
		heavilyCorrected: falsePositives(scores.correction, rate),
		...defined({ highDisagreement: scores.disagreement ? falsePositives(scores.disagreement, rate) : undefined }),
	}
}
