/**
 * The interface of a model's two towers for defenses, whatever the family: tokens before each block, where prompts may go,
 * and the graphs from pixels and ids to features, and from features to logits.
 */

import type { Value } from '../onnx/value.js'
import type { ClipConfig, VisionConfig } from './config.js'
import type { ImageTowerOptions, ImageTowerOutput } from './image-tower.js'
import type { ClipModel } from './model.js'
import type { TextTowerOptions, TextTowerOutput } from './text-tower.js'

/** The parts of a model that its image side is made of. */
export type ImageSideModel = Pick<ClipModel, 'config' | 'statistics' | 'weights' | 'encoders'>

/** The parts of a model that its text side is made of. */
export type TextSideModel = Pick<ClipModel, 'config' | 'weights' | 'encoders'>

/** The towers of a family of models. Widths, layers and sizes are in the model's config. */
export interface Towers {
	/** As reports call models of this kind, such as `CLIP`. */
	readonly title: string
	/** Tokens of the image tower without prompts; they come first, prompts stand behind them. */
	imageTokens(vision: VisionConfig): number
	/** Whether the first of them is a class token, whose output is the image's feature; else all are pooled. */
	readonly classToken: boolean
	/** Whether methods can act on the tokens that enter each block. */
	readonly blocks: boolean
	/** Tokens of a text before the place of a learned context: 1 for a start token, or 0. */
	readonly startTokens: 0 | 1
	/** Name of the matrix that holds the embedding of each token. */
	readonly tokenEmbedding: string
	/** How logits become probabilities: of all classes together, or of each class by itself. */
	readonly probabilities: 'softmax' | 'sigmoid'
	/** Name and shape of every weight. */
	expectedWeights(config: ClipConfig): Map<string, readonly number[]>
	/** @param pixels [B, 3, S, S] in [0, 1]; the model's normalisation is inside. */
	image(pixels: Value, model: ImageSideModel, options: ImageTowerOptions): ImageTowerOutput
	/** @param ids [C, T] int64. @param endPosition [C, T], 1 at the position that gives a row's feature, else 0. */
	text(ids: Value, endPosition: Value, model: TextSideModel, options: TextTowerOptions): TextTowerOutput
	/** @param image [B, E], not normalised. @param text [C, E], rows of unit length. @returns [B, C]. */
	logits(image: Value, text: Value, weights: TextSideModel): Value
}
