/** A measurement of distortion as one JSON record: the numbers, and everything that it takes to find them again. */

import { dirname } from 'node:path'
import type { Dataset } from '../../data/dataset.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { makeFolder } from '../../files/make-folder.js'
import { type EvaluationSettings, settingsOf } from '../robustness/recorded-evaluation.js'
import { type Distortion, type DistortionInput, type DistortionModel, measureDistortion } from './distortion.js'

/** A finished measurement. Every model is attacked with full knowledge of it. */
export interface DistortionRecord extends Omit<EvaluationSettings, 'defense'> {
	readonly kind: 'distortion'
	/** The models in the order in which they were given, the control first. */
	readonly models: readonly EvaluationSettings['defense'][]
	/** All pairs of a model and a perturbation. */
	readonly measurements: readonly Distortion[]
	readonly seconds: number
	readonly threads: number
	readonly batchSize: number
}

/** What {@link recordedDistortion} needs. */
export interface RecordedDistortionInput extends Omit<DistortionInput, 'models'> {
	readonly dataset: Dataset
	/** Name of the split that the images are of. */
	readonly splitName: string
	readonly control: DistortionModel
	readonly tuned: DistortionModel
	/** Path of the record. */
	readonly path: string
}

/**
 * Measures distortion of a tuned model and its control, and writes the record.
 * @returns The record, or undefined when stopped by the signal; nothing is written then.
 * @throws NaptuneError as {@link measureDistortion}, or when the record cannot be written.
 */
export async function recordedDistortion(input: RecordedDistortionInput): Promise<DistortionRecord | undefined> {
	const { engine, control, tuned, batchSize = 50, path } = input
	const started = performance.now()
	const [first, second] = [await settingsOf({ ...input, ...control }), await settingsOf({ ...input, ...tuned })]
	await makeFolder(dirname(path))
	const measurements = await measureDistortion({ ...input, models: [control, tuned], batchSize })
	if (!measurements) return undefined
	const { defense, ...settings } = second
	const record: DistortionRecord = {
		kind: 'distortion',
		...settings,
		models: [first.defense, defense],
		measurements,
		seconds: (performance.now() - started) / 1000,
		threads: engine.threads,
		batchSize,
	}
	await writeFileAtomic(path, `${JSON.stringify(record, null, '\t')}\n`)
	return record
}
