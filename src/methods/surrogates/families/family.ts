/**
 * A family of convolutional networks: stages of blocks, each stage at half the resolution and twice the width of the
 * previous one.
 */

import { ops } from '../../../onnx/graph.js'
import type { Value } from '../../../onnx/value.js'
import type { Layers } from '../network/layers.js'
import { maxPool } from '../network/pooling.js'

/** A family. */
export interface Family {
	readonly name: string
	readonly doc: string
	/** Default number of channels of the first stage. */
	readonly width: number
	/** Default number of blocks of each stage. */
	readonly blocks: readonly number[]
	/**
	 * One stage.
	 * @param index 0-based; the first keeps the resolution, others halve it.
	 * @returns [B, channels, H, W].
	 */
	stage(layers: Layers, x: Value, index: number, channels: number, blocks: number): Value
}

/**
 * Stacks the blocks of a stage.
 * @param block Builds one block. In families that halve by stride, its stride is 2 in the first block of every stage except
 * the first.
 */
export function stackBlocks(
	x: Value,
	index: number,
	blocks: number,
	block: (x: Value, name: string, stride: number) => Value,
): Value {
	let result = x
	for (let number = 0; number < blocks; number++) {
		result = block(result, `stage${index + 1}.block${number + 1}`, index > 0 && number === 0 ? 2 : 1)
	}
	return result
}

/**
 * The first convolution, with enough halvings to give the first stage images of 32 to 63 pixels: none below 64 pixels, one
 * by stride below 128, and further ones by pooling.
 */
export function stem(layers: Layers, pixels: Value, channels: number): Value {
	const size = pixels.shape[2] as number
	const halvings = Math.max(0, Math.floor(Math.log2(size / 32)))
	const stride = halvings > 0 ? 2 : 1
	let x = ops.relu(layers.convolution('stem', pixels, { channels, kernel: 3, stride }))
	for (let pool = 1; pool < halvings; pool++) x = maxPool(x)
	return x
}
