/** Classifies pictures. */

import { z } from 'zod'
import type { Classifier, Taps } from '../../classifier/classifier.js'
import { at, entry } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import type { Immutable } from '../../core/immutable.js'
import type { Split } from '../../data/dataset.js'
import { decodeImage } from '../../images/decode.js'
import { count, share } from '../../records/parts/fields.js'
import type { ClipModel } from '../../vlm/model.js'
import { towersOf } from '../../vlm/towers.js'
import { mostProbable } from '../../vlm/zero-shot.js'
import { assess, type RefinementAssessment, refinementAssessmentSchema } from '../detection/assessment.js'
import { type Calibration, scoreTaps } from '../detection/recorded-calibration.js'
import { preparedImages } from '../robustness/evaluate.js'

/** The most probable classes of one picture, best first. */
export const classifiedImageSchema = z.object({
	path: z.string(),
	classes: z
		.array(z.object({ index: count.describe('Position of the class.'), className: z.string(), probability: share }))
		.describe('The most probable classes, best first.'),
	refinement: refinementAssessmentSchema
		.exactOptional()
		.describe('How heavily refiners corrected the picture; present if a calibration was given.'),
})

/** The most probable classes of one picture, best first. */
export type ClassifiedImage = Immutable<z.output<typeof classifiedImageSchema>>

/** Assesses the corrections of a model with refiners. */
export interface Corrections {
	readonly calibration: Pick<Calibration, 'scores'>
	/** False-positive rate of the flags, in (0, 1). */
	readonly falsePositiveRate: number
}

/** Options of {@link classify}. */
export interface ClassifyOptions {
	/** Classes per picture, at most all. */
	readonly top: number
	/** Pictures at once; default 16. */
	readonly batchSize?: number
	/** Assess the corrections of a model with refiners. */
	readonly corrections?: Corrections
}

/**
 * Classifies image files.
 * @throws NaptuneError that names a file that is not a readable image, or whose logits are NaN.
 */
export async function* classify(
	clip: ClipModel,
	classifier: Classifier,
	paths: readonly string[],
	{ top, batchSize = 16, corrections }: ClassifyOptions,
): AsyncGenerator<ClassifiedImage> {
	if (!Number.isInteger(top) || top < 1)
		throw new NaptuneError('NAP_OPTION_INVALID', `The number of classes to show must be at least 1; got ${top}.`)
	const files: Split = {
		length: paths.length,
		label: () => 0,
		id: (index) => at(paths, index),
		image: (index) => decodeImage(at(paths, index)),
	}
	for (let start = 0; start < paths.length; start += batchSize) {
		const part = paths.slice(start, start + batchSize)
		const pixels = await preparedImages(
			clip,
			files,
			part.map((_, row) => start + row),
		)
		const taps = await classifier.evaluate(pixels, ['logits', ...(corrections ? scoreTaps(classifier) : [])])
		const { classNames } = classifier
		for (const [row, path] of part.entries()) {
			const values = valuesOfRow(taps, row)
			yield {
				path,
				classes: mostProbable(values.logits, classNames, top, path, towersOf(clip.config).probabilities),
				...defined({ refinement: corrections && refinementOf(values, corrections) }),
			}
		}
	}
}

/** A classifier's outputs for one picture. */
export interface RowValues {
	/** One per class. */
	readonly logits: Float32Array
	/** For a model with refiners, if requested. */
	readonly correction?: number
	/** For an ensemble of refiners. */
	readonly disagreement?: number
}

/** The values of one picture of a batch. */
export function valuesOfRow(taps: Taps, row: number): RowValues {
	const logits = entry(taps, 'logits')
	const classes = at(logits.shape, 1)
	const { correction, disagreement } = taps
	return {
		logits: logits.data.subarray(row * classes, (row + 1) * classes),
		...defined({
			correction: correction && at(correction.data, row),
			disagreement: disagreement && at(disagreement.data, row),
		}),
	}
}

/** How heavily refiners corrected a picture; undefined if the scores were not read. */
export function refinementOf(
	{ correction, disagreement }: Pick<RowValues, 'correction' | 'disagreement'>,
	{ calibration, falsePositiveRate }: Corrections,
): RefinementAssessment | undefined {
	if (correction === undefined) return undefined
	return assess(calibration, falsePositiveRate, { correction, ...defined({ disagreement }) })
}
