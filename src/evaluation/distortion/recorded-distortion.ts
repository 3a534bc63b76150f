/** A measurement of distortion as one JSON record: the numbers, and everything that it takes to reproduce them. */

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
	/** Name of the split that the images belong to. */
	readonly splitName: string
	readonly control: DistortionModel
	readonly tuned: DistortionModel
	/** Path of the record. */
	readonly path: string
}

/**
 * Measures distortion of a tuned model and its control, and writes the record; returns an existing record with the same
 * settings.
 * @returns The record, or undefined if the signal stopped it; nothing is written then.
 * @throws NaptuneError as {@link measureDistortion}, if `path` holds a record with other settings, or it cannot be written.
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
	// Before hours of work that could not be saved.
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
