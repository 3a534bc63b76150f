/** Graphs that several tests of this room run. */

import { float32, grad, ops, type Tensor, type Value } from '../onnx/index.js'

/** Reproducible numbers in (-scale, scale), from a linear congruential sequence. */
export function noise(count: number, seed: number, scale = 1): Float32Array {
	let state = seed
	const values = new Float32Array(count)
	for (let index = 0; index < count; index++) {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0
		values[index] = (state / 2 ** 31 - 1) * scale
	}
	return values
}

/** A noise tensor. */
export function noiseTensor(shape: readonly number[], seed: number, scale = 1): Tensor<'float32'> {
	return float32(
		shape,
		noise(
			shape.reduce((product, size) => product * size, 1),
			seed,
			scale,
		),
	)
}

/** A pre-norm transformer over x [B, tokens, width] with its loss per sample and the gradient to x. */
export function transformer(tokens: number, width: number, layers: number, heads: number): Record<string, Value> {
	let seed = 1
	const weight = (...shape: number[]) => ops.literal(noiseTensor(shape, seed++, 2 / Math.sqrt(width)))
	const x = ops.input('x', 'float32', ['B', tokens, width])
	const split = (value: Value) => ops.transpose(ops.reshape(value, [-1, tokens, heads, width / heads]), [0, 2, 1, 3])
	let h = ops.reshape(x, [-1, width])
	for (let layer = 0; layer < layers; layer++) {
		const normal = ops.layerNorm(h, weight(width), weight(width))
		const [query, key, value] = [0, 1, 2].map(() => split(ops.linear(normal, weight(width, width), weight(width))))
		const scores = ops.mul(ops.matmul(query!, ops.transpose(key!, [0, 1, 3, 2])), Math.sqrt(heads / width))
		const mixed = ops.matmul(ops.softmax(scores), value!)
		h = ops.add(h, ops.linear(ops.reshape(ops.transpose(mixed, [0, 2, 1, 3]), [-1, width]), weight(width, width), null))
		const hidden = ops.linear(ops.layerNorm(h, weight(width), weight(width)), weight(4 * width, width), null)
		h = ops.add(h, ops.linear(ops.quickGelu(hidden), weight(width, 4 * width), weight(width)))
	}
	const features = ops.reshape(h, [-1, tokens, width])
	const loss = ops.reduceSum(ops.mul(features, features), [1, 2], false)
	const [dx] = grad(loss, [x])
	return { features, loss, dx: dx! }
}

/** A chain of square matrix products, whose running time grows with its length. */
export function productChain(size: number, length: number): Record<string, Value> {
	const x = ops.input('x', 'float32', [size, size])
	let y: Value = x
	// Scaled so that powers of the matrix neither overflow nor become denormal.
	for (let index = 0; index < length; index++) y = ops.mul(ops.matmul(y, x), 1 / Math.sqrt(size / 3))
	return { y: ops.reduceSum(y, [0, 1], false) }
}

/** ||a - b|| / ||b||. */
export function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
	let difference = 0
	let norm = 0
	for (let index = 0; index < b.length; index++) {
		difference += (a[index]! - b[index]!) ** 2
		norm += b[index]! ** 2
	}
	return Math.sqrt(difference / norm)
}
