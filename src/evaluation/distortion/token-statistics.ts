/** Statistics of the tokens of training images, clean and attacked, for test-time defenses to compare an image with. */

import { pgd } from '../../attacks/algorithms/pgd/pgd.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import { NaptuneError } from '../../core/errors.js'
import type { Tensor } from '../../core/tensor.js'
import type { Split } from '../../data/dataset.js'
import { atMost } from '../../data/subsets.js'
import { fixedParameters } from '../../defenses/defense.js'
import type { StatisticsOptions, TokenStatistics } from '../../defenses/test-time/test-time-defense.js'
import { ops } from '../../onnx/graph.js'
import type { Engine, Program } from '../../runtime/engine.js'
import { type MomentSums, momentSums } from '../../statistics/moment-sums.js'
import type { DeployedModel } from '../deployed/deployed-classifier.js'
import { preparedImages } from '../robustness/evaluate.js'

/** Images per run; each yields all tokens of all blocks. */
const batchSize = 16

/**
 * Means and unbiased variances over training images of the tokens that enter each block. The attack is PGD on the cross
 * entropy against this model, in L-infinity, from the clean image; the options set its size and steps, independently of the
 * attack in tuning.
 * @param classifier The classifier of the same model.
 * @throws NaptuneError if there are fewer than two training images.
 */
export async function tokenStatistics(
	engine: Engine,
	{ clip, defense, parameters }: DeployedModel,
	classifier: Classifier,
	training: Split,
	{ images, seed, epsilon, steps, relativeStepSize }: StatisticsOptions,
): Promise<TokenStatistics> {
	if (training.length < 2) {
		throw new NaptuneError(
			'NAP_DATA_EMPTY',
			`Statistics of tokens need at least 2 training images; got ${training.length}.`,
		)
	}
	const attack = pgd.prepare({ steps, relativeStepSize, start: 'zero' })
	const threat = threatModel('linf', epsilon)
	const streams = imageStreams(seed)
	const split = atMost(training, images, seed)
	const { imageSize } = clip.config.vision
	const pixels = ops.input('pixels', 'float32', ['B', 3, imageSize, imageSize])
	const { layerInputs } = defense.imageFeatures(pixels, fixedParameters(parameters))
	const program = await engine.compile(
		Object.fromEntries(layerInputs.map((tokens, layer) => [`block.${layer}`, tokens])),
		{ name: 'token statistics' },
	)
	const sums = { clean: layerInputs.map(() => momentSums()), adversarial: layerInputs.map(() => momentSums()) }
	try {
		for (let start = 0; start < split.length; start += batchSize) {
			const positions = Array.from({ length: Math.min(batchSize, split.length - start) }, (_, row) => start + row)
			const clean = await preparedImages(clip, split, positions)
			const batch = {
				images: clean,
				labels: positions.map((position) => split.label(position)),
				ids: positions.map((position) => split.id(position)),
			}
			const attacked = await attackBatch(attack, classifier, batch, threat, streams)
			await collect(program, clean, sums.clean)
			await collect(program, attacked, sums.adversarial)
		}
	} finally {
		await program.release()
	}
	const moments = (own: readonly MomentSums[]) => own.map((block) => block.moments())
	return { clean: moments(sums.clean), adversarial: moments(sums.adversarial) }
}

async function collect(program: Program, pixels: Tensor<'float32'>, sums: readonly MomentSums[]): Promise<void> {
	const outputs = await program.run({ pixels })
	for (const [layer, block] of sums.entries()) block.add(outputs[`block.${layer}`] as Tensor<'float32'>)
}
