/** A measurement of distortion as one JSON record: the numbers, and everything that it takes to find them again. */

import { dirname } from 'node:path'
import { last } from '../../core/at.js'
import type { Dataset } from '../../data/dataset.js'
import { makeFolder } from '../../files/make-folder.js'
import { type DistortionRecord, type DistortionSettings, distortionKind } from '../../records/distortion.js'
import { resumable } from '../../records/resumable.js'
import { settingsOf } from '../robustness/recorded-evaluation.js'
import { type DistortionInput, type DistortionModel, measureDistortion } from './distortion.js'

export type { DistortionRecord } from '../../records/distortion.js'

/** The input of {@link recordedDistortion}. */
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
 * Measures distortion of a tuned model and its control, and writes the record; one that is there of the same settings is
 * given back.
 * @returns The record, or undefined when stopped by the signal; nothing is written then.
 * @throws NaptuneError as {@link measureDistortion}, when `path` holds a record of other settings, or it cannot be written.
 */
export async function recordedDistortion(input: RecordedDistortionInput): Promise<DistortionRecord | undefined> {
	const { engine, control, tuned, batchSize = 50, path } = input
	const described = [control, tuned].map((model) => settingsOf({ ...input, ...model }))
	const { defense: _, testTime: __, target: ___, ...common } = last(described)
	const settings: DistortionSettings = {
		kind: 'distortion',
		...common,
		models: described.map(({ defense }) => defense),
	}
	// Before hours of work for which there would be no place.
	await makeFolder(dirname(path))
	return resumable(distortionKind, {
		path,
		settings,
		async work() {
			const started = performance.now()
			const measurements = await measureDistortion({ ...input, models: [control, tuned], batchSize })
			if (!measurements) return undefined
			const seconds = (performance.now() - started) / 1000
			return { ...settings, measurements, seconds, threads: engine.threads, batchSize }
		},
	})
}
