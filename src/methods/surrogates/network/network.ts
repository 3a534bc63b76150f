/** Whole networks: images in [0, 1] to class scores, or to unit embeddings. */

import { at } from '../../../core/at.js'
import { NaptuneError } from '../../../core/errors.js'
import { float32 } from '../../../core/tensor.js'
import { ops } from '../../../onnx/graph.js'
import type { Value } from '../../../onnx/value.js'
import { stem } from '../families/family.js'
import { families } from '../families/registry.js'
import type { Layers } from './layers.js'
import { averagePool, unitRows } from './pooling.js'

/** The settings that determine the layers of a network. */
export interface NetworkGeometry {
	readonly family: string
	/** Channels of the first stage; every further stage has twice as many as the previous one. */
	readonly width: number
	/** Blocks of each stage. */
	readonly blocks: readonly number[]
	/** Height and width of the images. */
	readonly imageSize: number
}

/** Mean and standard deviation of each colour, for normalisation. */
export interface PixelStatistics {
	readonly mean: readonly number[]
	readonly std: readonly number[]
}

/** Outputs of a classifier. */
export interface ClassifierOutputs {
	/** [B, C]. */
	readonly logits: Value
	/** The end of the second stage, [B, channels, H, W]. */
	readonly features: Value
}

/** Outputs of a substitute. */
export interface SubstituteOutputs {
	/** The end of the second stage, [B, channels, H, W]: "layer2" of a ResNet. */
	readonly features: Value
	/** [B, E], of length 1. */
	readonly embedding: Value
}

/** Class scores of images [B, 3, S, S] in [0, 1]; normalisation is part of the graph. */
export function classifierNetwork(
	layers: Layers,
	pixels: Value,
	geometry: NetworkGeometry,
	{ mean, std }: PixelStatistics,
	classes: number,
): ClassifierOutputs {
	const along = (values: readonly number[]) => ops.literal(float32([3, 1, 1], values))
	const normalized = ops.mul(ops.sub(pixels, along(mean)), along(std.map((value) => 1 / value)))
	const { features, pooled } = trunk(layers, normalized, geometry)
	return { logits: layers.linear('classifier', pooled, classes), features }
}

/**
 * Embeddings of images [B, 3, S, S] in [0, 1], which are not normalised (as in the reference code of AGS): trunk, average
 * pooling, a linear layer with batch normalisation and ReLU, a linear layer, length 1.
 */
export function substituteNetwork(
	layers: Layers,
	pixels: Value,
	geometry: NetworkGeometry,
	embeddingWidth: number,
): SubstituteOutputs {
	const { features, pooled } = trunk(layers, pixels, geometry)
	// 2048 -> 512 -> 128 in the reference.
	const hidden = Math.max(embeddingWidth, (pooled.shape[1] as number) / 4)
	const projected = ops.relu(layers.normalizedLinear('projection.first', pooled, Math.round(hidden)))
	return { features, embedding: unitRows(layers.linear('projection.second', projected, embeddingWidth)) }
}

function trunk(layers: Layers, pixels: Value, { family: name, width, blocks, imageSize }: NetworkGeometry) {
	const family = families.get(name)
	if (!family)
		throw new NaptuneError('NAP_NAME_UNKNOWN', `Unknown family ${name}; available: ${[...families.keys()].join(', ')}.`)
	const least = 4 * 2 ** (blocks.length - 1)
	if (imageSize < least) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`Images of ${imageSize} pixels are too small for ${blocks.length} stages; give at least ${least}, or fewer stages.`,
		)
	}
	let x = stem(layers, pixels, width)
	const stages = blocks.map((count, index) => {
		x = family.stage(layers, x, index, width * 2 ** index, count)
		return x
	})
	return { features: at(stages, Math.min(1, stages.length - 1)), pooled: averagePool(x) }
}
