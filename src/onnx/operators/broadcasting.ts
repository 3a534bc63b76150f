/** Reduces gradients to the shapes of their operands. */

import { sameShape } from '../dimensions.js'
import { type Emit, int } from '../operator.js'
import type { Value } from '../value.js'
import { isUneven, rowProducts } from './row-products.js'

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
	if (stretched.length === 0) return emit('ReduceSum', [gradient, emit.integers(leading)], { keepdims: int(0) })
	const lastOnly = extra === 0 && stretched.length === 1 && stretched[0] === gradient.shape.length - 1
	if (lastOnly && typeof gradient.shape.at(-1) === 'number' && isUneven(gradient)) return rowProducts(emit, gradient, 1)
	const summed = emit('ReduceSum', [gradient, emit.integers([...leading, ...stretched])], { keepdims: int(1) })
	return extra === 0 ? summed : emit('Squeeze', [summed, emit.integers(leading)])
}

/** A value in the shape of `like`, which has as many elements. */
export function reshapeTo(emit: Emit, value: Value, like: Value): Value {
	if (sameShape(value.shape, like.shape)) return value
	const symbolic = like.shape.filter((dimension) => typeof dimension === 'string').length
	// One symbolic size can be inferred; several need the shape at run time.
	const target =
		symbolic <= 1
			? emit.integers(like.shape.map((dimension) => (typeof dimension === 'string' ? -1 : dimension)))
			: emit('Shape', [like])
	return emit('Reshape', [value, target])
}

/** The sizes of a value, as constants if all are fixed, so that nothing depends on the value itself. */
export function sizesOf(emit: Emit, value: Value): Value {
	return value.shape.every((dimension) => typeof dimension === 'number')
		? emit.integers(value.shape)
		: emit('Shape', [value])
}

/** A value broadcast to the shape of another one. */
export function expandTo(emit: Emit, value: Value, like: Value): Value {
	return sameShape(value.shape, like.shape) ? value : emit('Expand', [value, sizesOf(emit, like)])
}

/** Zeros of a value's type and shape, to accumulate gradients. */
export function zerosLike(emit: Emit, value: Value): Value {
	return expandTo(emit, emit.scalar(0, value.type), value)
}
