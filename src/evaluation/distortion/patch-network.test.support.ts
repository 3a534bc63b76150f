/** The network of fixtures/autoattack-golden in our language, in either precision. */

import { type Tensor, tensor } from '../../core/tensor.js'
import { type ElementType, ops, type Value } from '../../onnx/index.js'

/** Weights by name: any values that hold numbers, with their shapes. */
export type PatchNetworkWeights = ReadonlyMap<
	string,
	{ readonly shape: readonly number[]; readonly data: ArrayLike<number> }
>

/** The same numbers as a tensor of this precision. */
export function inPrecision(
	type: ElementType & ('float32' | 'float64'),
	{ shape, data }: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
): Tensor {
	return type === 'float64'
		? tensor(type, shape, Float64Array.from(data))
		: tensor(type, shape, Float32Array.from(data))
}

/** Pixels [B, 3, S, S] of either precision to logits [B, C], by the formula of the fixtures' README. */
export function patchNetworkLogits(pixels: Value, weights: PatchNetworkWeights, heads: number): Value {
	const type = pixels.type as 'float32' | 'float64'
	const w = (name: string) => ops.literal(inPrecision(type, weights.get(name)!))
	const [tokens, width] = weights.get('position')!.shape as [number, number]
	const side = Math.sqrt(tokens)
	const patch = (pixels.shape[2] as number) / side
	const norm = (x: Value, name: string) => ops.layerNorm(x, w(`${name}.weight`), w(`${name}.bias`), 1e-5)
	const dense = (x: Value, name: string) => {
		const [outputs, inputs] = weights.get(`${name}.weight`)!.shape as [number, number]
		const rows = ops.linear(ops.reshape(x, [-1, inputs]), w(`${name}.weight`), w(`${name}.bias`))
		return ops.reshape(rows, [-1, tokens, outputs])
	}
	const attention = (x: Value, block: string) => {
		const n = norm(x, `${block}.norm1`)
		const [query, key, value] = ['query', 'key', 'value'].map((name) =>
			ops.transpose(ops.reshape(dense(n, `${block}.${name}`), [-1, tokens, heads, width / heads]), [0, 2, 1, 3]),
		)
		const scores = ops.mul(ops.matmul(query!, ops.transpose(key!, [0, 1, 3, 2])), (width / heads) ** -0.5)
		const mixed = ops.transpose(ops.matmul(ops.softmax(scores), value!), [0, 2, 1, 3])
		return dense(ops.reshape(mixed, [-1, tokens, width]), `${block}.output`)
	}

	const windows = ops.reshape(ops.sub(pixels, 0.5), [-1, 3, side, patch, side, patch])
	const rows = ops.reshape(ops.transpose(windows, [0, 2, 4, 1, 3, 5]), [-1, tokens, 3 * patch * patch])
	let h = ops.add(dense(rows, 'patch'), w('position'))
	for (let index = 0; weights.has(`block.${index}.first.weight`); index++) {
		const block = `block.${index}`
		h = ops.add(h, attention(h, block))
		h = ops.add(h, dense(ops.quickGelu(dense(norm(h, `${block}.norm2`), `${block}.first`)), `${block}.second`))
	}
	return ops.linear(ops.reshape(h, [-1, tokens * width]), w('classifier.weight'), w('classifier.bias'))
}
