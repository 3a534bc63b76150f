/** Computes the share of images that scores classify correctly. */

import { at } from '../../core/at.js'
import { float32, type Tensor } from '../../core/tensor.js'
import type { Split } from '../../data/dataset.js'
import { unitPixels } from '../../images/pixels.js'
import type { Value } from '../../onnx/value.js'
import type { Engine } from '../../runtime/engine.js'
import { squared } from './square-images.js'

const batchSize = 100

/** Accuracy of one batch; NaN logits count as wrong. @param logits [B, C]. */
export function batchAccuracy({ shape, data }: Tensor<'float32'>, labels: readonly number[]): number {
	const classes = at(shape, 1)
	const right = labels.filter((label, row) => {
		const own = data.subarray(row * classes, (row + 1) * classes)
		return own.indexOf(Math.max(...own)) === label
	})
	return right.length / labels.length
}

/** Accuracy of a split. @param logits [B, C] of the input `pixels` [B, 3, size, size]. */
export async function classifierAccuracy(engine: Engine, logits: Value, split: Split, size: number): Promise<number> {
	const program = await engine.compile({ logits }, { name: 'accuracy' })
	let right = 0
	for (let start = 0; start < split.length; start += batchSize) {
		const count = Math.min(batchSize, split.length - start)
		const pixels = new Float32Array(count * 3 * size * size)
		for (let row = 0; row < count; row++) {
			const image = squared(await split.image(start + row), size, 'crop')
			pixels.set(unitPixels(image), row * 3 * size * size)
		}
		const results = await program.run({ pixels: float32([count, 3, size, size], pixels) })
		const labels = Array.from({ length: count }, (_, row) => split.label(start + row))
		right += batchAccuracy(results.logits as Tensor<'float32'>, labels) * count
	}
	await program.release()
	return right / split.length
}
