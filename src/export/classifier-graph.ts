/** A tuned model as one graph of an image classifier. */

import type { Tensor } from '../core/tensor.js'
import { defenseLogits } from '../defenses/class-logits.js'
import { type Defense, fixedParameters } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import type { DeployedModel } from '../evaluation/deployed/deployed-classifier.js'
import { correctionTaps } from '../evaluation/detection/correction-score.js'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import type { ClipModel } from '../vlm/model.js'
import { towersOf } from '../vlm/towers.js'

/** What an exported classifier gives beside its logits. */
export interface ClassifierOptions {
	readonly probabilities?: boolean
	readonly correctionScore?: boolean
}

/** Name of the symbolic size of a batch of images. */
export const batchSize = 'batch_size'

/** Pixels as transformers' processors make them: [batch_size, 3, S, S], normalised by the checkpoint's mean and deviation. */
export function pixelValues({ config }: Pick<ClipModel, 'config'>): Value {
	const { imageSize } = config.vision
	return ops.input('pixel_values', 'float32', [batchSize, 3, imageSize, imageSize])
}

/** The defense of a model on a CLIP whose pixels come normalised. */
export function onNormalisedPixels({ clip, defense }: Pick<DeployedModel, 'clip' | 'defense'>): Defense {
	const statistics = { mean: [0, 0, 0], std: [1, 1, 1] }
	return prepareDefense(defense.name, { ...clip, statistics }, defense.classNames, defense.config)
}

/**
 * Outputs by name: `logits` [B, C], and where asked for `probabilities` [B, C], and `correction` and `disagreement` [B], the
 * scores of `naptune calibrate`, as far as the method has them.
 * @param textFeatures Of the model's classes, [C, E].
 */
export function classifierOutputs(
	model: DeployedModel,
	textFeatures: Tensor<'float32'>,
	{ probabilities = false, correctionScore = false }: ClassifierOptions = {},
): Record<string, Value> {
	const parameters = fixedParameters(model.parameters)
	const defense = onNormalisedPixels(model)
	const { features, tokenChanges } = defense.imageFeatures(pixelValues(model.clip), parameters)
	const logits = defenseLogits(model.clip, defense, features, () => ops.literal(textFeatures), parameters)
	const ofEach = towersOf(model.clip.config).probabilities === 'sigmoid'
	return {
		logits,
		...(probabilities ? { probabilities: ofEach ? ops.sigmoid(logits) : ops.softmax(logits) } : {}),
		...(correctionScore ? correctionTaps(tokenChanges) : {}),
	}
}
