/** Evaluation records made by hand. */

import type { AttackOutcome } from '../../attacks/run/attack-outcomes.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { summarize } from './evaluate.js'
import type { EvaluationRecord } from './recorded-evaluation.js'

/** The record of a method with these outcomes, by PGD-5 at 4/255 on images of two classes. */
export function evaluationRecord(
	name: string,
	outcomes: readonly AttackOutcome[],
	trainableParameters = 0,
): EvaluationRecord {
	return {
		format: 1,
		defense: { name, options: {}, parameters: '0'.repeat(64), trainableParameters },
		knowledge: 'full',
		attack: { name: 'pgd-5', attack: 'pgd', source: 'Madry et al. 2018', options: { steps: 5 } },
		threatModel: { norm: 'linf', epsilon: 4 / 255 },
		seed: 1,
		model: { source: 'nano', sha256: '0'.repeat(64) },
		dataset: {
			name: 'tiny',
			origin: { dataset: 'own', name: 'tiny' },
			notices: [],
			split: 'test',
			images: outcomes.length,
			ids: sha256OfBytes(JSON.stringify(outcomes.map(({ id }) => id))),
			classNames: ['x', 'y'],
		},
		versions: { naptune: '0.1.0', engine: 'onnxruntime-node 1', device: 'cpu' },
		...summarize(outcomes),
		seconds: 1,
		threads: 1,
		batchSize: 50,
		outcomes,
	}
}
