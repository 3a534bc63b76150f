/** A CLIP ready to build graphs from: geometry, frozen weights by reference, tokenizer and pixel statistics. */

import type { Tensor } from '../core/tensor.js'
import { ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import type { ClipConfig } from './config.js'
import type { Encoders } from './encoder-files.js'
import type { PixelStatistics } from './image-tower.js'
import type { PreprocessorConfig } from './preprocessor-config.js'
import type { ClipTokenizer } from './tokenizer.js'
import { frozenWeights, rowsOf, type WeightLookup, type WeightReference } from './weights.js'

/** What a checkpoint is and where its weights are. */
export interface Checkpoint {
	/** The requested name, directory or hub id, or the caller's name for the files it passed. */
	readonly source: string
	/** Commit hash, for a checkpoint of the hub. */
	readonly revision?: string
	/** SHA-256 of the weights as published, before any conversion; of the list of all shards where there are several. */
	readonly sha256: string
	readonly config: ClipConfig
	/** All weights that the config implies, by their Hugging Face names, as finite float32. */
	readonly weights: ReadonlyMap<string, WeightReference>
	readonly preprocessor: PreprocessorConfig
}

/** What defenses and classifiers build on. Nothing in it tells a small CLIP from a large one. */
export interface ClipModel {
	readonly config: ClipConfig
	readonly statistics: PixelStatistics
	/** Frozen weights (or others, in numerical checks) as graph values. */
	readonly weights: WeightLookup
	/**
	 * Rows of a matrix of the checkpoint.
	 * @param name As Hugging Face calls the weight. @param rows Positions.
	 * @returns [rows, width].
	 * @throws NaptuneError when there are none such, or the file cannot be read any more.
	 */
	readonly readRows: (name: string, rows: readonly number[]) => Promise<Float32Array>
	readonly tokenizer: ClipTokenizer
	/** The ONNX files of a model that is a pair of them. */
	readonly encoders?: Encoders
	/** Text features that were given instead of a text encoder, by class name. */
	readonly classFeatures?: { readonly classNames: readonly string[]; readonly features: Tensor<'float32'> }
	/** What it was made of. */
	readonly checkpoint: Checkpoint
}

/**
 * The CLIP of a checkpoint.
 * @param tokenizer The checkpoint's own.
 * @param read Reads a part of what a weight refers to.
 */
export function clipOf(
	checkpoint: Checkpoint,
	tokenizer: ClipTokenizer,
	read: (reference: WeightReference, offset: number, length: number) => Promise<Uint8Array>,
): ClipModel {
	const { mean, std } = checkpoint.preprocessor
	return {
		config: checkpoint.config,
		statistics: { mean, std },
		weights: frozenWeights(checkpoint.weights),
		readRows: (name, rows) => rowsOf(name, checkpoint.weights, rows, read),
		tokenizer,
		checkpoint,
	}
}

/** The logarithm of the similarity scale as a graph scalar. */
export function logScale({ weights }: Pick<ClipModel, 'weights'>): Value {
	return ops.reshape(weights('logit_scale'), [])
}
