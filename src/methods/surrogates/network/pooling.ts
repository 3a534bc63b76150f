/** Pooling layers. */

import { ops } from '../../../onnx/graph.js'
import type { Value } from '../../../onnx/value.js'

/** The largest of every 2 x 2 pixels: [B, C, H, W] to [B, C, H / 2, W / 2]; an odd last row or column is dropped. */
export function maxPool(x: Value): Value {
	const [channels, height, width] = x.shape.slice(1) as [number, number, number]
	const even = [height, width].reduce(
		(part, size, axis) => (size % 2 === 0 ? part : ops.slice(part, axis + 2, 0, size - 1)),
		x,
	)
	const [rows, columns] = [height >> 1, width >> 1]
	// One axis at a time, which is several times faster in the engine.
	const narrow = ops.reduceMax(ops.reshape(even, [-1, channels, 2 * rows, columns, 2]), [4])
	return ops.reduceMax(ops.reshape(narrow, [-1, channels, rows, 2, columns]), [3])
}

/**
 * The mean over all pixels: [B, C, H, W] to [B, C]. Uses matrix products, so that the batch size does not change the last
 * bits.
 */
export function averagePool(x: Value): Value {
	const [channels, height, width] = x.shape.slice(1) as [number, number, number]
	const sums = ops.rowSums(ops.reshape(x, [-1, height * width]))
	return ops.mul(ops.reshape(sums, [-1, channels]), 1 / (height * width))
}

/** Rows [B, E] divided by their Euclidean norm (at least 1e-12), by matrix products as in {@link averagePool}. */
export function unitRows(x: Value): Value {
	const norms = ops.sqrt(ops.rowSums(ops.mul(x, x)))
	return ops.div(x, ops.unsqueeze(ops.maximum(norms, 1e-12), [1]))
}
