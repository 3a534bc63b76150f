/** Everything that decides the result of a tuning run, for its record and to refuse resuming under other conditions. */

import type { Defense } from '../defenses/defense.js'
import { sha256OfBytes } from '../files/sha256.js'
import { elementCount } from '../onnx/tensor.js'
import type { TuneInput } from './tune.js'

/** Version of the run directory's format. */
const format = 1

/** A JSON description of a run, whose data set holds the few-shot sample. */
export function describeRun(
	{ clip, dataset, config, engine }: Pick<TuneInput, 'clip' | 'dataset' | 'config' | 'engine'>,
	defense: Defense,
): Record<string, unknown> {
	const { source, revision, sha256 } = clip.checkpoint
	const training = dataset.train
	const ids = Array.from({ length: training.length }, (_, index) => training.id(index))
	return {
		format,
		model: { source, ...(revision === undefined ? {} : { revision }), sha256 },
		dataset: { name: dataset.name, origin: dataset.origin, notices: dataset.notices, classNames: dataset.classNames },
		training: { images: training.length, ids: sha256OfBytes(JSON.stringify(ids)) },
		defense: {
			name: defense.name,
			options: defense.config,
			trainableParameters: [...defense.parameters.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0),
		},
		config,
		engine: { device: engine.device, threads: engine.threads, version: engine.version },
	}
}
