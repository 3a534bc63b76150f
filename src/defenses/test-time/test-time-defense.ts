/** A test-time defense: it learns nothing in advance, and changes the image or the prompts for each image. */

import type { Tensor } from '../../core/tensor.js'
import type { Value } from '../../onnx/value.js'
import type { ClipModel } from '../../vlm/model.js'
import type { Defense, ParameterLookup } from '../defense.js'
import type { HiddenNumbers } from './hidden-numbers.js'

export type { AttackedThrough } from '../../records/parts/model.js'

/** The model to defend: a defense of this project, tuned or not, with its parameters. */
export interface DefendedModel {
	readonly clip: ClipModel
	readonly defense: Defense
	/** Values of the defense's parameters, usually constants. */
	readonly parameters: ParameterLookup
}

/** Mean and unbiased variance over images of every token that enters a block of the image tower: [N, width] each. */
export interface TokenMoments {
	readonly mean: Tensor<'float32'>
	readonly variance: Tensor<'float32'>
}

/** {@link TokenMoments} by block, for clean and for attacked training images. */
export interface TokenStatistics {
	readonly clean: readonly TokenMoments[]
	readonly adversarial: readonly TokenMoments[]
}

/** Training images for the statistics, and the PGD attack on them, which starts at the clean image. */
export interface StatisticsOptions {
	/** Training images, balanced over the classes. */
	readonly images: number
	/** Size of the attack in L-infinity, in pixel units of [0, 1]. */
	readonly epsilon: number
	/** Gradient steps of the attack. */
	readonly steps: number
	/** Length of a step as a multiple of epsilon. */
	readonly relativeStepSize: number
	/** Seed of the choice of images. */
	readonly seed: number
}

/** Changes images before the model sees them. */
export interface ImagePurifier {
	readonly kind: 'purifier'
	/** Numbers that {@link ImagePurifier.purify} needs as values; missing if all are known. */
	readonly hidden?: HiddenNumbers
	/** Maps images [B, 3, S, S] in [0, 1] to such images. An image's result does not depend on the others. */
	purify(pixels: Value, hidden?: Readonly<Record<string, Value>>): Value
}

/** Changes prompts for each image. */
export interface PromptAdapter {
	readonly kind: 'adapter'
	/** What {@link PromptAdapter.adapt} needs; missing if nothing. */
	readonly statistics?: StatisticsOptions
	/** Numbers that {@link PromptAdapter.adapt} needs as values; missing if all are known. */
	readonly hidden?: HiddenNumbers
	/**
	 * The whole model for one image.
	 * @param pixels [1, 3, S, S] in [0, 1].
	 * @returns logits [1, C], and features of the image [1, E], not normalised.
	 */
	adapt(
		pixels: Value,
		statistics?: TokenStatistics,
		hidden?: Readonly<Record<string, Value>>,
	): { readonly logits: Value; readonly imageFeatures: Value }
}

/** A test-time defense around a model. */
export type TestTimeDefense = ImagePurifier | PromptAdapter
