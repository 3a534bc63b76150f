/** CLIP's image tower: pixels in [0, 1] to image features, normalisation by mean and standard deviation inside. */

import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { float32, ops, originate, tensor } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import { type BeforeLayer, type TransformerGeometry, transformer } from './transformer.js'
import type { WeightLookup } from './weights.js'

/** Geometry of an image tower. */
export interface ImageTowerGeometry extends TransformerGeometry {
	/** Side of the square input in pixels. */
	readonly imageSize: number
	/** Side of a square patch in pixels. */
	readonly patchSize: number
}

/** Per-channel statistics that pixels in [0, 1] are normalised with. */
export interface PixelStatistics {
	readonly mean: readonly number[]
	readonly std: readonly number[]
}

/** Where a defense can act in the image tower. */
export interface ImageTowerOptions {
	/** Changes the embedded tokens [B, 1 + P, width] (class token first) before the first layer normalization. */
	readonly beforePreNorm?: (tokens: Value) => Value
	readonly beforeLayer?: BeforeLayer
	/** Computes all tokens of the last block instead of the class token's row only (for per-layer measurements). */
	readonly allTokens?: boolean
}

/** What the image tower yields. */
export interface ImageTowerOutput {
	/** Projected features, not normalised: [B, projection]. */
	readonly features: Value
	/** Tokens that entered each block: [B, N, width] per layer. */
	readonly layerInputs: readonly Value[]
	/** Tokens after the last block: [B, N, width] with `allTokens`, else those that are pooled: the class token [B, 1, width]. */
	readonly tokens: Value
}

/** Number of patch tokens; a border that does not fill a patch is not read (as in the reference's strided convolution). */
export function patchCount({ imageSize, patchSize }: ImageTowerGeometry): number {
	return Math.floor(imageSize / patchSize) ** 2
}

/**
 * Builds the tower.
 * @param pixels [B, 3, imageSize, imageSize], values in [0, 1].
 * @throws NaptuneError when the pixels do not have the geometry's size.
 */
export function imageTower(
	pixels: Value,
	geometry: ImageTowerGeometry,
	statistics: PixelStatistics,
	weights: WeightLookup,
	options: ImageTowerOptions = {},
): ImageTowerOutput {
	const { width, layerNormEpsilon } = geometry
	const embedded = embedPatches(normalisedPixels(pixels, geometry, statistics), geometry, weights)
	const prompted = options.beforePreNorm ? options.beforePreNorm(embedded) : embedded
	const start = ops.layerNorm(
		prompted,
		weights('vision_model.pre_layrnorm.weight'),
		weights('vision_model.pre_layrnorm.bias'),
		layerNormEpsilon,
	)
	originate('vision_model.embeddings', [start])
	const classToken = (tokens: Value) => ops.slice(tokens, 1, 0, 1)
	const { tokens, layerInputs } = transformer(start, geometry, weights, {
		prefix: 'vision_model.encoder',
		...defined({
			beforeLayer: options.beforeLayer || undefined,
			selectRow: options.allTokens ? undefined : classToken,
		}),
	})
	const pooled = ops.layerNorm(
		ops.reshape(classToken(tokens), [-1, width]),
		weights('vision_model.post_layernorm.weight'),
		weights('vision_model.post_layernorm.bias'),
		layerNormEpsilon,
	)
	const features = ops.linear(pooled, weights('visual_projection.weight'), null)
	return { features: originate('visual_projection', [features]), layerInputs, tokens }
}

/**
 * Pixels in [0, 1] as the tower's weights expect them.
 * @throws NaptuneError when they do not have the geometry's size.
 */
export function normalisedPixels(
	pixels: Value,
	{ imageSize }: Pick<ImageTowerGeometry, 'imageSize'>,
	statistics: PixelStatistics,
): Value {
	if (
		pixels.shape.length !== 4 ||
		pixels.shape[1] !== 3 ||
		pixels.shape[2] !== imageSize ||
		pixels.shape[3] !== imageSize
	) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The image tower reads pixels [B, 3, ${imageSize}, ${imageSize}], got [${pixels.shape.join(', ')}]. Preprocess images to ${imageSize} pixels first.`,
		)
	}
	return normalise(pixels, statistics)
}

function normalise(pixels: Value, { mean, std }: PixelStatistics): Value {
	if (mean.every((value) => value === 0) && std.every((value) => value === 1)) return pixels
	// Written in the pixels' own type, so that a float64 graph is float64 throughout.
	const perChannel = (values: readonly number[]) =>
		ops.literal(
			pixels.type === 'float64'
				? tensor('float64', [1, 3, 1, 1], Float64Array.from(values))
				: float32([1, 3, 1, 1], values),
		)
	return ops.div(ops.sub(pixels, perChannel(mean)), perChannel(std))
}

/** Class token and patches with their positions. */
function embedPatches(pixels: Value, geometry: ImageTowerGeometry, weights: WeightLookup): Value {
	const patches = patchTokens(pixels, geometry, weights)
	const classToken = ops.repeatForBatch(
		weights('vision_model.embeddings.class_embedding', [1, geometry.width]),
		patches,
	)
	return ops.add(ops.concat([classToken, patches], 1), weights('vision_model.embeddings.position_embedding.weight'))
}

/**
 * Patches as tokens [B, P, width]. The strided convolution is written as a product of patch rows with the
 * kernel as a matrix: the same sums, but forward and backward run at the speed of the matrix product, and the weight is
 * read in place in both directions.
 * @param bias Name of the bias, where there is one.
 */
export function patchTokens(pixels: Value, geometry: ImageTowerGeometry, weights: WeightLookup, bias?: string): Value {
	const { width, imageSize, patchSize } = geometry
	const side = Math.floor(imageSize / patchSize)
	const used = side * patchSize
	let cropped = pixels
	if (used !== imageSize) cropped = ops.slice(ops.slice(pixels, 2, 0, used), 3, 0, used)
	const windows = ops.transpose(ops.reshape(cropped, [-1, 3, side, patchSize, side, patchSize]), [0, 2, 4, 1, 3, 5])
	const rows = ops.reshape(windows, [-1, 3 * patchSize * patchSize])
	const kernel = weights('vision_model.embeddings.patch_embedding.weight', [width, 3 * patchSize * patchSize])
	return ops.reshape(ops.linear(rows, kernel, bias === undefined ? null : weights(bias)), [-1, side * side, width])
}
