/** Sums rows by products, for cases in which a reduction's last bits would depend on the rest of the batch. */

import { product } from '../dimensions.js'
import type { Emit } from '../operator.js'
import type { Value } from '../value.js'

/**
 * Whether images start at differently aligned addresses. ONNX Runtime sums a row in steps of four numbers from the first
 * address that is a multiple of 16 bytes, so the order within a row depends on its start. It is the same for every image
 * only if an image has a multiple of four numbers.
 * @param value float32 [B, ...].
 */
export function isUneven({ type, shape }: Value): boolean {
	if (type !== 'float32' || shape.length < 2) return false
	const count = product(shape.slice(1))
	return typeof count === 'number' && count % 4 !== 0
}

/**
 * Sums along the last axis, kept as size 1, times a weight. A product handles each row alone. It uses eight equal columns
 * and keeps one, because a product with one column uses another kernel.
 * @param value Two axes or more, the last of a fixed size.
 */
export function rowProducts(emit: Emit, value: Value, weight: number): Value {
	const width = value.shape.at(-1) as number
	const columns = emit('Expand', [emit.scalar(weight, value.type), emit.integers([width, 8])])
	const bounds = [[0], [1], [value.shape.length - 1]].map((bound) => emit.integers(bound))
	return emit('Slice', [emit('MatMul', [value, columns]), ...bounds])
}
