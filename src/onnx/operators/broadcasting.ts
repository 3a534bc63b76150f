/** Undoing broadcasting in gradient rules. */

import { sameShape } from '../dimensions.js'
import { type Emit, int } from '../operator.js'
import type { Value } from '../value.js'

/**
 * Sums a gradient over the axes along which `target` was broadcast, so that it gets `target`'s shape.
 * @param gradient Gradient of the broadcast result.
 * @param target The operand whose gradient is wanted.
 */
export function sumToShape(emit: Emit, gradient: Value, target: Value): Value {
	if (sameShape(gradient.shape, target.shape)) return gradient
	const extra = gradient.shape.length - target.shape.length
	const leading = Array.from({ length: extra }, (_, axis) => axis)
	const stretched = target.shape.flatMap((dimension, axis) =>
		dimension === 1 && gradient.shape[axis + extra] !== 1 ? [axis + extra] : [],
	)
	let result = gradient
	if (stretched.length > 0) {
		result = emit('ReduceSum', [result, emit.integers(stretched)], { keepdims: int(1) })
	}
	if (leading.length > 0) {
		result = emit('ReduceSum', [result, emit.integers(leading)], { keepdims: int(0) })
	}
	return result
}
