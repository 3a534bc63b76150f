/**
 * Describes everything that determines the result of a tuning run, for its record and to refuse resuming under other
 * conditions.
 */

import { defined } from '../../core/defined.js'
import type { Dataset } from '../../data/dataset.js'
import { type Defense, trainableParameters } from '../../defenses/defense.js'
import { packageVersion } from '../../files/package-version.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { jsonFingerprint } from '../../records/fingerprint.js'
import type { RunDescription } from '../../records/run.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import type { TuningConfig } from './configuration.js'
import type { ConfigurationOrigin } from './presets.js'

/** The parts of a run; see `TuneInput`. */
export interface DescribedRun {
	readonly engine: Pick<Engine, 'device' | 'threads' | 'version'>
	readonly clip: ClipModel
	readonly defense: Defense
	/** Data with the few-shot sample as training images. */
	readonly dataset: Dataset
	readonly config: TuningConfig
	readonly origin?: ConfigurationOrigin | undefined
}

/** Describes a run as JSON. */
export function describeRun({ clip, defense, dataset, config, engine, origin }: DescribedRun): RunDescription {
	const { source, revision, sha256, preprocessor } = clip.checkpoint
	const training = dataset.train
	const images = Array.from({ length: training.length }, (_, index) => [training.id(index), training.label(index)])
	const { ids } = defense.prompts
	return {
		format: 1,
		model: {
			source,
			...defined({ revision, family: clip.config.family }),
			sha256,
			geometry: { ...clip.config },
			preprocessor: { ...preprocessor },
			// The tokenizer affects the result only through the tokens of the class names.
			promptIds: sha256OfBytes(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength)),
		},
		dataset: { name: dataset.name, origin: dataset.origin, notices: dataset.notices, classNames: dataset.classNames },
		training: { images: training.length, ids: jsonFingerprint(images) },
		defense: {
			name: defense.name,
			options: defense.config,
			trainableParameters: trainableParameters(defense),
		},
		config,
		...defined({ preset: origin ? { ...origin.preset, overrides: origin.overrides } : undefined }),
		naptune: packageVersion(),
		engine: { device: engine.device, threads: engine.threads, version: engine.version },
	}
}
