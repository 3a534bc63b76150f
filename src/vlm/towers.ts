/** The families of models. A new architecture is a file that makes {@link Towers}, and an entry here. */

import type { Value } from '../onnx/value.js'
import { clipTowers } from './clip-towers.js'
import type { ClipConfig, Family } from './config.js'
import { encoderTowers } from './encoders.js'
import type { ImageTowerOptions, ImageTowerOutput } from './image-tower.js'
import { siglipTowers } from './siglip-towers.js'
import type { TextTowerOptions, TextTowerOutput } from './text-tower.js'
import type { ImageSideModel, TextSideModel, Towers } from './tower.js'

export type { ImageSideModel, TextSideModel, Towers } from './tower.js'

const families: Readonly<Record<Family | 'clip', Towers>> = {
	clip: clipTowers,
	open_clip: clipTowers,
	openai: clipTowers,
	siglip: siglipTowers,
	encoders: encoderTowers,
}

/** The towers of a model with such a config. */
export function towersOf({ family }: Pick<ClipConfig, 'family'>): Towers {
	return families[family ?? 'clip']
}

/** Image features [B, E], not normalised, and the tokens on the way. */
export function encodeImage(model: ImageSideModel, pixels: Value, options: ImageTowerOptions = {}): ImageTowerOutput {
	return towersOf(model.config).image(pixels, model, options)
}

/** Text features [C, E], not normalised. */
export function encodeText(
	model: TextSideModel,
	ids: Value,
	endPosition: Value,
	options: TextTowerOptions = {},
): TextTowerOutput {
	return towersOf(model.config).text(ids, endPosition, model, options)
}

/** The model's own logits of images and texts. @param text [C, E] or, by image, [B, C, E], of unit length. */
export function classLogits(model: TextSideModel, image: Value, text: Value): Value {
	return towersOf(model.config).logits(image, text, model)
}
