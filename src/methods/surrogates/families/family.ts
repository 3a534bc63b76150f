/** A family of convolutional networks: stages of blocks, each stage at half the resolution and twice the width of the one before. */

import { ops } from '../../../onnx/graph.js'
import type { Value } from '../../../onnx/value.js'
import type { Layers } from '../network/layers.js'
import { maxPool } from '../network/pooling.js'

/** A family. */
export interface Family {
	readonly name: string
	readonly doc: string
	/** Channels of the first stage, by default. */
	readonly width: number
	/** Blocks of each stage, by default. */
	readonly blocks: readonly number[]
	/**
	 * One stage.
	 * @param index 0-based; the first keeps the resolution, others halve it.
	 * @returns [B, channels, H, W].
	 */
	stage(layers: Layers, x: Value, index: number, channels: number, blocks: number): Value
}

/**
 * The blocks of a stage, one behind the other.
 * @param block Builds one; its stride is 2 in the first block of every stage but the first, where a family halves by it.
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
 * The first convolution, and as many halvings as leave the first stage an image of 32 to 63 pixels: none below 64 pixels,
 * one by the stride below 128, then also by pooling.
 */
export function stem(layers: Layers, pixels: Value, channels: number): Value {
	const size = pixels.shape[2] as number
	const halvings = Math.max(0, Math.floor(Math.log2(size / 32)))
	const stride = halvings > 0 ? 2 : 1
	let x = ops.relu(layers.convolution('stem', pixels, { channels, kernel: 3, stride }))
	for (let pool = 1; pool < halvings; pool++) x = maxPool(x)
	return x
}
