/** Sums of rows as products, where a reduction's last bits would depend on what else is in the batch. */

import { product } from '../dimensions.js'
import type { Emit } from '../operator.js'
import type { Value } from '../value.js'

/**
 * Whether images lie at addresses of different kinds. ONNX Runtime adds up a row in steps of four numbers from the first
 * address that is a multiple of 16 bytes on, so the order within a row depends on where it starts: alike for every image only
 * where an image has a multiple of four numbers.
 * @param value float32 [B, ...].
 */
export function isUneven({ type, shape }: Value): boolean {
	if (type !== 'float32' || shape.length < 2) return false
	const count = product(shape.slice(1))
	return typeof count === 'number' && count % 4 !== 0
}

/**
 * Sums along the last axis, which is kept, times a weight. A product works on each row alone. Of eight equal columns one is
 * kept: a product with one column takes another kernel.
 * @param value Two axes or more, the last of a fixed size.
 */
export function rowProducts(emit: Emit, value: Value, weight: number): Value {
	const width = value.shape.at(-1) as number
	const columns = emit('Expand', [emit.scalar(weight, value.type), emit.integers([width, 8])])
	const bounds = [[0], [1], [value.shape.length - 1]].map((bound) => emit.integers(bound))
	return emit('Slice', [emit('MatMul', [value, columns]), ...bounds])
}
