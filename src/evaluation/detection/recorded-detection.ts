/** A measurement of detection as one JSON record. */

import { at } from '../../core/at.js'
import type { Dataset } from '../../data/dataset.js'
import { type DetectionRecord, type DetectionSettings, detectionKind } from '../../records/detection.js'
import { recordFile, withOptions } from '../../records/names.js'
import { resumable } from '../../records/resumable.js'
import type { Engine } from '../../runtime/engine.js'
import type { DeployedModel } from '../deployed/deployed-classifier.js'
import { settingsOf } from '../robustness/recorded-evaluation.js'
import { type DetectionInput, measureDetection } from './detection.js'
import type { Calibration } from './recorded-calibration.js'

export type { DetectionRecord } from '../../records/detection.js'

/** The input of {@link recordedDetection}. */
export interface RecordedDetectionInput extends DetectionInput, Pick<DeployedModel, 'defense' | 'parameters'> {
	readonly engine: Engine
	readonly dataset: Dataset
	/** Name of the split that the images belong to. */
	readonly splitName: string
	readonly calibration: Calibration
	/** Path of the record. */
	readonly path: string
}

/**
 * Measures whether correction scores detect attacks, and writes the record; returns an existing record with the same
 * settings. The first attack names the record.
 * @throws NaptuneError as {@link measureDetection}, if `path` holds a record with other settings, or it cannot be written.
 */
export async function recordedDetection(input: RecordedDetectionInput): Promise<DetectionRecord> {
	const { engine, attacks, split, calibration, falsePositiveRate, batchSize = 50, path } = input
	const settings: DetectionSettings = {
		...settingsOf({ ...input, attack: at(attacks, 0) }),
		calibration: calibration.key,
		images: split.length,
		falsePositiveRate,
	}
	return resumable(detectionKind, {
		path,
		settings,
		async work() {
			const found = await measureDetection({ ...input, batchSize })
			return { ...settings, ...found, threads: engine.threads, batchSize }
		},
	})
}

/** A file name that differs whenever the numbers may. */
export function detectionFile(input: Omit<RecordedDetectionInput, 'path'>): string {
	const { attacks, falsePositiveRate, threatModel, seed, split, splitName } = input
	const options = [attacks.map((attack) => attack.options), falsePositiveRate]
	const subject = withOptions(at(attacks, 0).name, options)
	return recordFile({ subject, threatModel, split: splitName, images: split.length, seed })
}
