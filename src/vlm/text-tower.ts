/** CLIP's text tower: token ids to text features, run at the length of the longest prompt. */

import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { float32, ops, originate } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import { type BeforeLayer, type TransformerGeometry, transformer } from './transformer.js'
import type { WeightLookup } from './weights.js'

/** Geometry of a text tower. */
export interface TextTowerGeometry extends TransformerGeometry {
	/** Longest sequence the position embedding covers (77 in released models). */
	readonly contextLength: number
}

/** Where a defense can act in the text tower. */
export interface TextTowerOptions {
	/** Changes the token embeddings [C, T, width] before positions are added. */
	readonly beforePositions?: (tokens: Value) => Value
	readonly beforeLayer?: BeforeLayer
}

/** What the text tower yields. */
export interface TextTowerOutput {
	/** Projected features, not normalised: [C, projection]. */
	readonly features: Value
	readonly layerInputs: readonly Value[]
}

/** Added to attention scores that the causal mask forbids: finite, so that selecting mask rows stays exact. */
const forbidden = -1e9

/**
 * Builds the tower for sequences of T tokens. T may be shorter than the context length: the mask is causal and nothing
 * after the end token is read.
 * @param ids [C, T] int64 token ids.
 * @param endPosition [C, T], 1 at each row's end token and 0 elsewhere, in the weights' float type.
 * @throws NaptuneError when T exceeds the context length.
 */
export function textTower(
	ids: Value,
	endPosition: Value,
	geometry: TextTowerGeometry,
	weights: WeightLookup,
	options: TextTowerOptions = {},
): TextTowerOutput {
	const { start, length } = embeddedText(ids, geometry, weights, options)
	const end = ops.unsqueeze(endPosition, [1])
	const mask = causalMask(length, start)
	const { tokens, layerInputs } = transformer(start, geometry, weights, {
		prefix: 'text_model.encoder',
		mask,
		selectRow: (all) => ops.matmul(end, all),
		selectedMask: ops.unsqueeze(ops.matmul(end, mask), [1]),
		...defined({ beforeLayer: options.beforeLayer || undefined }),
	})
	const pooled = pooledText(tokens, geometry, weights)
	const features = ops.linear(pooled, weights('text_projection.weight'), null)
	return { features: originate('text_projection', [features]), layerInputs }
}

/**
 * Token embeddings with positions added, [C, T, width], and T.
 * @throws NaptuneError when T exceeds the context length.
 */
export function embeddedText(
	ids: Value,
	{ contextLength }: Pick<TextTowerGeometry, 'contextLength'>,
	weights: WeightLookup,
	{ beforePositions }: TextTowerOptions,
): { readonly start: Value; readonly length: number } {
	const length = ids.shape[1]
	if (typeof length !== 'number' || length > contextLength) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The text tower reads at most ${contextLength} tokens of a fixed length, got shape [${ids.shape.join(', ')}].`,
		)
	}
	const embedded = ops.gather(weights('text_model.embeddings.token_embedding.weight'), ids, 0)
	const prompted = beforePositions ? beforePositions(embedded) : embedded
	const positions = ops.slice(weights('text_model.embeddings.position_embedding.weight'), 0, 0, length)
	return { start: originate('text_model.embeddings', [ops.add(prompted, positions)]), length }
}

/** The tokens that were selected, one per text, after the last normalisation: [C, width]. */
export function pooledText(
	tokens: Value,
	{ width, layerNormEpsilon }: Pick<TextTowerGeometry, 'width' | 'layerNormEpsilon'>,
	weights: WeightLookup,
): Value {
	return ops.layerNorm(
		ops.reshape(tokens, [-1, width]),
		weights('text_model.final_layer_norm.weight'),
		weights('text_model.final_layer_norm.bias'),
		layerNormEpsilon,
	)
}

function causalMask(length: number, like: Value): Value {
	const entries = Float32Array.from({ length: length * length }, (_, at) =>
		at % length > Math.floor(at / length) ? forbidden : 0,
	)
	return ops.cast(ops.literal(float32([length, length], entries)), like.type)
}
