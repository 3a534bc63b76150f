/** `calibration.json` of a run: the correction scores of clean images that the model was not tuned on. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Classifier } from '../../classifier/classifier.js'
import { entry } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { loadAhead } from '../../core/load-ahead.js'
import { range } from '../../core/rows.js'
import { idsOf, type Split, subset } from '../../data/dataset.js'
import { fewShot } from '../../data/few-shot.js'
import { atMost } from '../../data/subsets.js'
import { type Calibration, calibrationKind } from '../../records/calibration.js'
import { fingerprint, jsonFingerprint } from '../../records/fingerprint.js'
import { runFiles } from '../../records/names.js'
import { readRecord } from '../../records/record-kind.js'
import { resumable } from '../../records/resumable.js'
import type { TunedRun } from '../deployed/tuned-run.js'
import { preparedImages } from '../robustness/evaluate.js'
import { falsePositives } from './calibration.js'
import { type CorrectionScore, correctionScores } from './correction-score.js'

export type { Calibration } from '../../records/calibration.js'

/** Name of the file in a run directory. */
export const calibrationFile = runFiles.calibration

/** Most clean images, balanced over the classes: with this many, the share of new images flagged at 5 % varies by ± 1.4 points. */
const mostImages = 1000
const imagesPerBatch = 50
/** Rates with recorded thresholds; others follow from the scores. */
const listedRates = [0.01, 0.05, 0.1] as const

/** The input of {@link calibrate}. */
export interface CalibrateInput {
	readonly run: Pick<TunedRun, 'directory' | 'clip' | 'defense' | 'parameters' | 'fewShot' | 'dataset'>
	/** The run's deployed classifier. */
	readonly classifier: Classifier
	/** Whether to compute even if the file holds the same calibration. */
	readonly fresh?: boolean
	readonly onProgress?: (done: number, total: number) => void
	/** Called with what people should know, such as that a file was damaged. */
	readonly onNotice?: (notice: string) => void
	/** Called before every batch; may throw to stop. */
	readonly beforeBatch?: () => void
}

/** Whether a model changes image tokens between blocks, which can be scored. */
export function hasCorrections({ taps }: Pick<Classifier, 'taps'>): boolean {
	return taps.includes('correction')
}

/**
 * The calibration of a run: read from its directory if it fits model, parameters and data, otherwise computed and written.
 * If the data is gone, a file for the same model and parameters is used, with a notice.
 * @throws NaptuneError if the defense changes no image tokens, there are no clean images to calibrate on, or the file cannot
 * be written.
 */
export async function calibrate(input: CalibrateInput): Promise<Calibration> {
	const { run, classifier, fresh = false, onNotice = () => {} } = input
	if (!hasCorrections(classifier)) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`${run.defense.name} as tuned in ${run.directory} changes no image tokens between blocks, so there are no corrections to calibrate.`,
		)
	}
	const path = join(run.directory, calibrationFile)
	const stored = await storedCalibration(path, onNotice)
	const model = { model: run.clip.checkpoint.sha256, parameters: fingerprint(run.parameters) }
	const sameModel = stored?.key.model === model.model && stored.key.parameters === model.parameters
	const images = await calibrationImages(run).catch((error: unknown) => {
		if (!(error instanceof NaptuneError) || fresh || !sameModel) throw error
		onNotice(`The calibration in ${path} is used without checking its images, which are unavailable: ${error.message}`)
		return undefined
	})
	if (!images) return stored!
	const ids = idsOf(images.split)
	const key = { ...model, ids: jsonFingerprint(ids), split: images.name, images: ids.length }
	return resumable(calibrationKind, {
		path,
		settings: { format: 1, key },
		read: async () => stored,
		reuse: !fresh,
		replace: true,
		work: async () => calibrationOf(key, await scoresOf(input, images.split)),
	})
}

/**
 * Clean images of the run's data that it was not tuned on.
 * @throws NaptuneError if there are none, or the data is gone or has changed.
 */
export async function calibrationImages(
	run: Pick<TunedRun, 'directory' | 'dataset' | 'fewShot'>,
): Promise<{ readonly name: Calibration['key']['split']; readonly split: Split }> {
	const dataset = await run.dataset()
	const capped = (split: Split) => atMost(split, mostImages, 1)
	if (dataset.validation.length > 0) return { name: 'validation', split: capped(dataset.validation) }
	const { train } = dataset
	const sample = run.fewShot && fewShot(dataset, run.fewShot.shots, run.fewShot.seed).train
	const tunedOn = new Set(sample ? range(0, sample.length).map((index) => sample.id(index)) : [])
	const heldOut = sample ? range(0, train.length).filter((index) => !tunedOn.has(train.id(index))) : []
	if (heldOut.length === 0) {
		throw new NaptuneError(
			'NAP_DATA_EMPTY',
			`${dataset.name} has no clean images to calibrate ${run.directory} on: it has no validation images, and tuning used all of its training images. Add a validation split, or tune on fewer shots.`,
		)
	}
	return { name: 'held-out training', split: capped(subset(train, heldOut)) }
}

function calibrationOf(key: Calibration['key'], { correction, disagreement }: Calibration['scores']): Calibration {
	const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b)
	const own = {
		correction: sorted(correction),
		...defined({ disagreement: disagreement ? sorted(disagreement) : undefined }),
	}
	return {
		format: 1,
		key,
		scores: own,
		thresholds: listedRates.map((rate) => ({
			falsePositiveRate: rate,
			correction: falsePositives(own.correction, rate).threshold,
			...defined({ disagreement: own.disagreement ? falsePositives(own.disagreement, rate).threshold : undefined }),
		})),
	}
}

async function scoresOf(
	{ run, classifier, onProgress, beforeBatch }: CalibrateInput,
	split: Split,
): Promise<Calibration['scores']> {
	const names = scoreTaps(classifier)
	const scores = { correction: [] as number[], disagreement: [] as number[] }
	const starts = range(0, Math.ceil(split.length / imagesPerBatch)).map((batch) => batch * imagesPerBatch)
	const end = (start: number) => Math.min(start + imagesPerBatch, split.length)
	const load = (start: number) => preparedImages(run.clip, split, range(start, end(start)))
	for await (const [start, images] of loadAhead(starts, load)) {
		beforeBatch?.()
		const taps = await classifier.evaluate(images, names)
		for (const name of names) scores[name].push(...entry(taps, name).data)
		onProgress?.(end(start), split.length)
	}
	const broken = names.some((name) => !scores[name].every(Number.isFinite))
	if (broken) {
		throw new NaptuneError(
			'NAP_VALUES_NOT_FINITE',
			`Correction scores of ${run.directory} are not finite: its parameters are damaged, or training diverged. Tune again.`,
		)
	}
	return names.includes('disagreement') ? scores : { correction: scores.correction }
}

/** The scores that a classifier offers. */
export function scoreTaps({ taps }: Pick<Classifier, 'taps'>): CorrectionScore[] {
	return correctionScores.filter((name) => taps.includes(name))
}

/** The file's content, or undefined if it is missing or invalid; it can be computed again. */
async function storedCalibration(path: string, onNotice: (notice: string) => void): Promise<Calibration | undefined> {
	if (!existsSync(path)) return undefined
	try {
		const read = await readRecord(calibrationKind, path)
		// Edited numbers do not follow from the scores.
		const { correction, disagreement } = read.scores
		const whole = [correction, disagreement ?? correction].every(({ length }) => length === read.key.images)
		if (whole && isDeepStrictEqual(read, calibrationOf(read.key, read.scores))) return read
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
	}
	onNotice(`${path} is damaged or was changed, so it is computed again.`)
	return undefined
}
