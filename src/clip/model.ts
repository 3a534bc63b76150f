/** A CLIP ready to build graphs from: geometry, frozen weights by reference, tokenizer and pixel statistics. */

import { ops } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'
import { type Checkpoint, loadCheckpoint } from './checkpoint.js'
import type { ClipConfig } from './config.js'
import type { PixelStatistics } from './image-tower.js'
import { type ClipTokenizer, loadTokenizer } from './tokenizer.js'
import { frozenWeights, type WeightLookup } from './weights.js'

/** What defenses and classifiers build on. Nothing in it tells a small CLIP from a large one. */
export interface ClipModel {
	readonly config: ClipConfig
	readonly statistics: PixelStatistics
	/** Frozen weights (or others, in numerical checks) as graph values. */
	readonly weights: WeightLookup
	readonly tokenizer: ClipTokenizer
	/** The files behind it. */
	readonly checkpoint: Checkpoint
}

/**
 * Loads a CLIP from a directory or a hub id.
 * @throws NaptuneError as {@link loadCheckpoint} and {@link loadTokenizer} do.
 */
export async function loadClip(source: string): Promise<ClipModel> {
	const checkpoint = await loadCheckpoint(source)
	const { mean, std } = checkpoint.preprocessor
	return {
		config: checkpoint.config,
		statistics: { mean, std },
		weights: frozenWeights(checkpoint.weights),
		tokenizer: await loadTokenizer(checkpoint.tokenizerFile),
		checkpoint,
	}
}

/** The logarithm of the similarity scale as a graph scalar. */
export function logScale({ weights }: Pick<ClipModel, 'weights'>): Value {
	return ops.reshape(weights('logit_scale'), [])
}
