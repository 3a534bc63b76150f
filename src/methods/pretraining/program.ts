/**
 * The pre-training program: maps a batch of images and captions to the contrastive loss and the gradients of all weights.
 */

import { at } from '../../core/at.js'
import { grad, ops } from '../../onnx/graph.js'
import type { Value } from '../../onnx/value.js'
import { type ImageTowerGeometry, imageTower, type PixelStatistics } from '../../vlm/image-tower.js'
import { type TextTowerGeometry, textTower } from '../../vlm/text-tower.js'
import { trainableWeights } from '../../vlm/weights.js'
import { contrastiveLoss } from './contrastive.js'

/** Geometry of a CLIP in pre-training. */
export interface PretrainingGeometry {
	readonly vision: ImageTowerGeometry
	readonly text: TextTowerGeometry
	readonly statistics: PixelStatistics
	/** Shape of every weight by its Hugging Face name. */
	readonly shapes: ReadonlyMap<string, readonly number[]>
}

/** Prefix of the outputs that hold gradients. */
export const gradientPrefix = 'gradient/'

/**
 * Outputs `loss` (scalar) and `gradient/NAME` for every weight.
 * Inputs: `pixels` [B, 3, S, S], `ids` and `endPosition` [K, captionLength], `positives` [B, K] and all weights by name.
 * @param captionLength Tokens per caption, end token included.
 */
export function pretrainingOutputs(geometry: PretrainingGeometry, captionLength: number): Record<string, Value> {
	const { lookup, values } = trainableWeights(geometry.shapes)
	const { imageSize } = geometry.vision
	const pixels = ops.input('pixels', 'float32', ['B', 3, imageSize, imageSize])
	const ids = ops.input('ids', 'int64', ['K', captionLength])
	const endPosition = ops.input('endPosition', 'float32', ['K', captionLength])
	const positives = ops.input('positives', 'float32', ['B', 'K'])
	const images = imageTower(pixels, geometry.vision, geometry.statistics, lookup)
	const texts = textTower(ids, endPosition, geometry.text, lookup)
	const loss = contrastiveLoss(images.features, texts.features, positives, lookup('logit_scale'))
	const names = [...values.keys()]
	const gradients = grad(loss, [...values.values()])
	return {
		loss,
		...Object.fromEntries(names.map((name, index) => [`${gradientPrefix}${name}`, at(gradients, index)])),
	}
}
