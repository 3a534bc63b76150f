/** The network of fixtures/autoattack-golden under attack: what became of every image, told as the fixtures tell it. */

import { prepareAttack } from '../../attacks/registry.js'
import { isRobust } from '../../attacks/run/attack-outcomes.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { runAttack } from '../../attacks/run/run-attack.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { AttackBatch } from '../../classifier/attack-batch.js'
import type { Classifier } from '../../classifier/classifier.js'
import { createGraphClassifier } from '../../classifier/graph-classifier.js'
import { range, takeRows } from '../../core/rows.js'
import type { Engine } from '../../runtime/engine.js'
import { patchNetworkLogits } from '../distortion/patch-network.test.support.js'
import { goldenTensors } from './autoattack-golden.test.support.js'

/** `clean` for an image that was wrong already, `robust` for one that nothing fooled, else the stage that fooled. */
export type Fate = string

/** The network with the photographs' ten classes. */
export async function goldenClassifier(engine: Engine): Promise<Classifier> {
	const weights = await goldenTensors('network.safetensors')
	return createGraphClassifier({
		engine,
		classNames: range(0, 10).map(String),
		imageShape: [3, 32, 32],
		build: (pixels) => ({ logits: patchNetworkLogits(pixels, weights, 4) }),
	})
}

/** What became of the images, in their order. @param attack Name of an attack. */
export async function fates(
	classifier: Classifier,
	batch: AttackBatch,
	attack: string,
	threatModel: ThreatModel,
	seed: number,
	batchSize: number,
): Promise<Fate[]> {
	const run = runAttack({
		classifier,
		attack: prepareAttack(attack),
		threatModel,
		images: {
			ids: batch.ids,
			labels: batch.labels,
			pixels: async (positions) => takeRows(batch.images, positions),
		},
		streams: imageStreams(seed),
		batchSize,
	})
	const found = new Map<string, Fate>()
	for await (const { outcomes } of run) {
		for (const outcome of outcomes) {
			const wrong = outcome.cleanPrediction !== outcome.label
			found.set(outcome.id, wrong ? 'clean' : isRobust(outcome) ? 'robust' : (outcome.stage ?? attack))
		}
	}
	return batch.ids.map((id) => found.get(id)!)
}
