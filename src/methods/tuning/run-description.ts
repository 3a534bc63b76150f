/** Everything that decides the result of a tuning run, for its record and to refuse resuming under other conditions. */

import { isDeepStrictEqual } from 'node:util'
import { defined } from '../../core/defined.js'
import { isRecord } from '../../core/guards.js'
import { type Defense, trainableParameters } from '../../defenses/defense.js'
import { packageVersion } from '../../files/package-version.js'
import { sha256OfBytes } from '../../files/sha256.js'
import type { TuneInput } from './tune.js'

/** Version of the run directory's format. */
const format = 1

/** Entries that say where things came from, but do not decide what comes out. */
const informative: ReadonlySet<string> = new Set([
	'model.source',
	'model.revision',
	'dataset.origin.root',
	'dataset.notices',
	'preset',
])

/** A JSON description of a run, whose data set holds the few-shot sample. */
export function describeRun(
	{ clip, dataset, config, engine, origin }: Pick<TuneInput, 'clip' | 'dataset' | 'config' | 'engine' | 'origin'>,
	defense: Defense,
): Record<string, unknown> {
	const { source, revision, sha256, preprocessor } = clip.checkpoint
	const training = dataset.train
	const images = Array.from({ length: training.length }, (_, index) => [training.id(index), training.label(index)])
	const { ids } = defense.prompts
	return {
		format,
		model: {
			source,
			...defined({ revision }),
			sha256,
			geometry: clip.config,
			preprocessor,
			// What the tokenizer makes of the class names is all that it does for the result.
			promptIds: sha256OfBytes(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength)),
		},
		dataset: { name: dataset.name, origin: dataset.origin, notices: dataset.notices, classNames: dataset.classNames },
		training: { images: training.length, ids: sha256OfBytes(JSON.stringify(images)) },
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

/**
 * What decides the result and is not the same in two descriptions, as `config.shots (8, was 16)`. Values that take more
 * than a few words are left out.
 */
export function differences(before: unknown, now: unknown, path = ''): string[] {
	if (informative.has(path) || isDeepStrictEqual(before, now)) return []
	if (isRecord(before) && isRecord(now)) {
		const keys = new Set([...Object.keys(before), ...Object.keys(now)])
		return [...keys].flatMap((key) => differences(before[key], now[key], path ? `${path}.${key}` : key))
	}
	const [old, own] = [before, now].map((value) => (value === undefined ? 'not set' : JSON.stringify(value)))
	const name = path || 'everything'
	return [old!.length + own!.length > 100 ? name : `${name} (${own}, was ${old})`]
}
