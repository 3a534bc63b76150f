/** Small classifiers that several tests of this room attack. */

import { range } from '../core/rows.js'
import type { Tensor } from '../core/tensor.js'
import { float32, ops, type Value } from '../onnx/index.js'
import { generator } from '../random/counter-based.js'
import type { AttackBatch } from './attack-batch.js'

/** [channels, height, width] of the images of these tests. */
export const imageShape = [3, 4, 5] as const
/** Pixels of an image. */
export const pixelCount = 60

/** Normal numbers of this standard deviation. */
export function noise(shape: readonly number[], name: string, scale = 1): Tensor<'float32'> {
	const stream = generator(1, 'noise', name)
	const count = shape.reduce((product, size) => product * size, 1)
	return float32(
		shape,
		range(0, count).map(() => scale * stream.normal()),
	)
}

/** Uniformly random images with ids `image 0` and so on, which depend on the id only. */
export function randomBatch(
	labels: readonly number[],
	shape: readonly number[] = imageShape,
	[low, high]: readonly [number, number] = [0, 1],
): AttackBatch {
	const count = shape.reduce((product, size) => product * size, 1)
	const ids = labels.map((_, index) => `image ${index}`)
	const data = ids.flatMap((id) => {
		const stream = generator(2, id)
		return range(0, count).map(() => low + (high - low) * stream.uniform())
	})
	return { images: float32([labels.length, ...shape], data), labels, ids }
}

/** The linear classifier x · Wᵀ for weight [C, 60]. */
export function linearGraph(weight: Value): (pixels: Value) => Record<string, Value> {
	return (pixels) => ({ logits: ops.linear(ops.reshape(pixels, [-1, pixelCount]), weight, null) })
}

/** Two layers with QuickGELU between; a tap of the hidden layer. */
export function networkGraph(classes: number): (pixels: Value) => Record<string, Value> {
	const first = ops.literal(noise([24, pixelCount], 'first', 0.6))
	const second = ops.literal(noise([classes, 24], 'second', 1.5))
	return (pixels) => {
		const centred = ops.sub(ops.reshape(pixels, [-1, pixelCount]), 0.5)
		const hidden = ops.quickGelu(ops.linear(centred, first, null))
		return { logits: ops.linear(hidden, second, null), hidden }
	}
}
