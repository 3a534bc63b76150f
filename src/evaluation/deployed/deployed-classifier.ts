/** Turns a defense with fixed parameters into the classifier that attacks and users see. */

import { createGraphClassifier, type GraphClassifier } from '../../classifier/graph-classifier.js'
import { present } from '../../core/at.js'
import type { Tensor } from '../../core/tensor.js'
import { defenseLogits } from '../../defenses/class-logits.js'
import { type Defense, fixedParameters } from '../../defenses/defense.js'
import { computeTextFeatures } from '../../methods/tuning/text-side.js'
import { ops } from '../../onnx/graph.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'
import { correctionTaps } from '../detection/correction-score.js'
import { tokenTaps } from '../distortion/token-taps.js'

/** Classes per chunk of text features. */
export const classesPerChunk = 64

/** A defense with the values of its parameters. */
export interface DeployedModel {
	readonly clip: ClipModel
	readonly defense: Defense
	/** By name; empty for a defense that learns nothing. */
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
}

/** Options of {@link deployedClassifier}. */
export interface DeployOptions {
	readonly tokens?: boolean
	readonly textFeatures?: Tensor<'float32'>
}

/**
 * The full model: pixels to logits, with text features and parameters as constants, so that on the CPU every output has the
 * same bytes for any batch size and number of threads. Taps: `logits`, `imageFeatures` and, for a defense that changes
 * tokens, the scores of {@link correctionTaps}.
 * @param parameters Parameters of the defense, by name; empty for one that learns nothing.
 * @param options.tokens Whether the tokens of the image tower are taps as well, named by `tokenPlaces`. Logits, their
 * gradient and image features have the same bytes either way.
 * @param options.textFeatures Text features [C, E] of the defense with these parameters, if already known.
 */
export async function deployedClassifier(
	engine: Engine,
	clip: ClipModel,
	defense: Defense,
	parameters: Readonly<Record<string, Tensor<'float32'>>>,
	{ tokens = false, textFeatures: known }: DeployOptions = {},
): Promise<GraphClassifier> {
	const textFeatures = defense.textFeaturesOfImages
		? undefined
		: (known ?? (await computeTextFeatures(engine, defense, parameters, classesPerChunk)))
	const { imageSize } = clip.config.vision
	return createGraphClassifier({
		engine,
		classNames: defense.classNames,
		imageShape: [3, imageSize, imageSize],
		build: (pixels) => {
			const fixed = fixedParameters(parameters)
			const { features, tokenChanges } = defense.imageFeatures(pixels, fixed)
			return {
				...(tokens ? tokenTaps(defense, pixels, fixed) : {}),
				logits: defenseLogits(
					clip,
					defense,
					features,
					() => ops.literal(present(textFeatures, 'text features')),
					fixed,
				),
				imageFeatures: features,
				...correctionTaps(tokenChanges),
			}
		},
		compileOptions: { name: defense.name },
	})
}
