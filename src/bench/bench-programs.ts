/** The programs that the gradient benchmark measures. */

import { fillSeeded, seededPixels } from '../checkpoints/seeded-values.js'
import { float32, type Tensor, tensor } from '../core/tensor.js'
import { grad, ops } from '../onnx/graph.js'
import type { Value } from '../onnx/value.js'
import type { Engine } from '../runtime/engine.js'
import type { ClipConfig } from '../vlm/config.js'
import { imageTower } from '../vlm/image-tower.js'
import { similarityLogits } from '../vlm/similarity.js'
import type { WeightLookup } from '../vlm/weights.js'

/** Classes of the logits. */
export const benchClasses = 100

/** Seed of weights, pixels and text features. */
export const benchSeed = 7

/** Logits and the gradient of the cross entropy to the pixels, for the feeds of {@link gradientFeeds}. */
export function gradientOutputs(
	{ vision, projectionDimension }: ClipConfig,
	weights: WeightLookup,
): Record<string, Value> {
	const { imageSize } = vision
	const pixels = ops.input('pixels', 'float32', ['B', 3, imageSize, imageSize])
	const text = ops.input('text', 'float32', [benchClasses, projectionDimension])
	const labels = ops.input('labels', 'int64', ['B'])
	const statistics = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] }
	const { features } = imageTower(pixels, vision, statistics, weights)
	const logits = similarityLogits(features, text, ops.reshape(weights('logit_scale'), []))
	const [gradient] = grad(ops.crossEntropy(logits, labels), [pixels])
	return { logits, gradient: gradient! }
}

/** Pixels of noise, text features of about unit length and labels for a batch. */
export function gradientFeeds({ vision, projectionDimension }: ClipConfig, batch: number): Record<string, Tensor> {
	const { imageSize } = vision
	const text = new Float32Array(benchClasses * projectionDimension)
	// Entries uniform in [-r, r] with this r give rows of about unit length.
	fillSeeded(text, benchSeed, 0, { scale: Math.sqrt(3 / projectionDimension), offset: 0 })
	return {
		pixels: float32([batch, 3, imageSize, imageSize], seededPixels(benchSeed, batch * 3 * imageSize ** 2)),
		text: float32([benchClasses, projectionDimension], text),
		labels: tensor(
			'int64',
			[batch],
			BigInt64Array.from({ length: batch }, (_, row) => BigInt(row % benchClasses)),
		),
	}
}

/** A compiled product of two matrices that stay in the engine, like the result until it is dropped. */
export async function matrixProduct(
	engine: Engine,
	size: number,
): Promise<{ readonly run: () => Promise<void>; readonly release: () => Promise<void> }> {
	const a = ops.input('a', 'float32', [size, size])
	const b = ops.input('b', 'float32', [size, size])
	const program = await engine.compile({ product: ops.matmul(a, b) }, { name: `product of ${size} x ${size}` })
	const upload = async (stream: number) => {
		const values = new Float32Array(size * size)
		fillSeeded(values, benchSeed, stream, { scale: 1, offset: 0 })
		return engine.upload(float32([size, size], values), { transfer: true })
	}
	const [left, right] = [await upload(1), await upload(2)]
	const run = async () => {
		const { kept } = await program.runAndKeep({ a: left, b: right }, ['product'])
		// Not awaited, because dropping the result is not part of the product.
		void kept.product!.release()
	}
	await run()
	return {
		run,
		async release() {
			await Promise.all([left.release(), right.release(), program.release()])
		},
	}
}
