/** Weight gradients of convolutions for which the plain method, another convolution, is slow or does not apply. */

import { at } from '../../core/at.js'
import { product, staticDimension } from '../dimensions.js'
import { type Emit, int, ints } from '../operator.js'
import type { Dimension, Shape, Value } from '../value.js'
import { covered, type Windows } from './windows.js'

/** Minimum channels for which a product per kernel entry is faster than a convolution with an image-sized kernel. */
const leastChannels = 16

/**
 * Whether {@link tapsTimesGradients} applies and pays: measured on a CPU, half the time at 16 channels or more, and for
 * kernels of one entry.
 */
export function prefersTaps(x: Value, weight: Value, { strides, group }: Windows): boolean {
	const channels = x.shape[1]
	const taps = (weight.shape[2] as number) * (weight.shape[3] as number)
	return (
		group === 1 &&
		strides.every((stride) => stride === 1) &&
		typeof channels === 'number' &&
		(taps === 1 || (channels >= leastChannels && taps <= 25))
	)
}

/**
 * Stride 1: for each entry of the kernel, the image shifted by it times the gradients, as one matrix product.
 * @param x [B, C, H, W]. @param weight [K, C, h, w]. @param dy [B, K, H′, W′].
 */
export function tapsTimesGradients(emit: Emit, x: Value, weight: Value, dy: Value, windows: Windows): Value {
	const { dilations, pads } = windows
	const [filters, channels, height, width] = weight.shape as readonly number[]
	const [rows, columns] = [dy.shape[2] as number, dy.shape[3] as number]
	const { used, ends } = covered(emit, x, [height!, width!], dy, windows)
	const swap = ints([1, 0, 2, 3])
	const amounts = emit.integers([0, 0, at(pads, 0), at(pads, 1), 0, 0, at(ends, 0), at(ends, 1)])
	const padded = emit('Pad', [emit('Transpose', [used], { perm: swap }), amounts])
	const gradients = emit('Reshape', [emit('Transpose', [dy], { perm: swap }), emit.integers([filters!, -1])])
	const products: Value[] = []
	for (let row = 0; row < height!; row++) {
		for (let column = 0; column < width!; column++) {
			const start = [row * at(dilations, 0), column * at(dilations, 1)]
			const bounds = [start, [at(start, 0) + rows, at(start, 1) + columns], [2, 3]].map((list) => emit.integers(list))
			const shifted = emit('Reshape', [emit('Slice', [padded, ...bounds]), emit.integers([channels!, -1])])
			const product = emit('Gemm', [gradients, shifted], { transB: int(1) })
			products.push(emit('Unsqueeze', [product, emit.integers([2])]))
		}
	}
	const joined = products.length === 1 ? at(products, 0) : emit('Concat', products, { axis: int(2) })
	return emit('Reshape', [joined, emit.integers([filters!, channels!, height!, width!])])
}

/**
 * Several groups: batch and channels trade places within each group, as for a single one.
 * @param x [B, G · C, H, W]. @param weight [G · K, C, h, w]. @param dy [B, G · K, H′, W′].
 */
export function groupedWeightGradient(emit: Emit, x: Value, weight: Value, dy: Value, windows: Windows): Value {
	const { strides, dilations, pads, group } = windows
	const kernel = [weight.shape[2] as number, weight.shape[3] as number]
	const filters = staticDimension(weight.shape, 0, 'The gradient of Conv')
	const { used, ends } = covered(emit, x, kernel, dy, windows)
	const [batch, channels] = [at(x.shape, 0), at(weight.shape, 1)]
	const split = (value: Value, inner: Dimension, perm: readonly number[]) =>
		emit('Transpose', [reshaped(emit, value, [batch, group, inner, ...value.shape.slice(2)])], { perm: ints(perm) })
	const images = reshaped(emit, split(used, channels, [2, 1, 0, 3, 4]), [
		channels,
		product([group, batch]),
		...used.shape.slice(2),
	])
	const gradients = reshaped(emit, split(dy, filters / group, [1, 2, 0, 3, 4]), [filters, batch, ...dy.shape.slice(2)])
	const sums = emit('Conv', [images, gradients], {
		strides: ints(dilations),
		dilations: ints(strides),
		pads: ints([at(pads, 0), at(pads, 1), ...ends]),
		group: int(group),
	})
	return emit('Transpose', [sums], { perm: ints([1, 0, 2, 3]) })
}

/** To a shape of which at most one size is symbolic. */
function reshaped(emit: Emit, value: Value, shape: Shape): Value {
	return emit('Reshape', [value, emit.integers(shape.map((size) => (typeof size === 'number' ? size : -1)))])
}
