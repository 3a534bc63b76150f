/** A CLIP ready to build graphs from: geometry, frozen weights by reference, tokenizer and pixel statistics. */

import { ops } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'
import type { ClipConfig } from './config.js'
import type { PixelStatistics } from './image-tower.js'
import type { PreprocessorConfig } from './preprocessor-config.js'
import type { ClipTokenizer } from './tokenizer.js'
import type { WeightLookup, WeightReference } from './weights.js'

/** A loaded checkpoint. Nothing of the weights is in memory. */
export interface Checkpoint {
	/** The name, directory or hub id that was asked for. */
	readonly source: string
	/** Commit hash, for a checkpoint of the hub. */
	readonly revision?: string
	/** SHA-256 of the weights as published, before any conversion; of the list of all shards where there are several. */
	readonly sha256: string
	readonly config: ClipConfig
	/** All weights that the config implies, by their Hugging Face names, as finite float32. */
	readonly weights: ReadonlyMap<string, WeightReference>
	/** Path of `tokenizer.json`, or of `vocab.json` where there is no such file. */
	readonly tokenizerFile: string
	readonly preprocessor: PreprocessorConfig
	/** The folder that holds the files. */
	readonly directory: string
}

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

/** The logarithm of the similarity scale as a graph scalar. */
export function logScale({ weights }: Pick<ClipModel, 'weights'>): Value {
	return ops.reshape(weights('logit_scale'), [])
}
