import { expect, it } from 'vitest'
import { grad, nodesInOrder, ops, type Value } from '../../onnx/index.js'
import { parseClipConfig } from '../../vlm/config.js'
import { expectedWeights } from '../../vlm/expected-weights.js'
import { imageTower } from '../../vlm/image-tower.js'
import { similarityLogits } from '../../vlm/similarity.js'
import { trainableWeights } from '../../vlm/weights.js'
import { gradientMultiplyAdds } from './gradient-cost.js'

/** Size of a shape for a batch of one. */
function size(shape: Value['shape']): number {
	const factors = shape.flatMap((dimension) => String(dimension).split('*'))
	return factors.reduce((total, factor) => total * (factor === 'B' ? 1 : Number(factor)), 1)
}

/** Multiply-adds of all matrix products of a graph. */
function countedProducts(outputs: readonly Value[]): number {
	return nodesInOrder(outputs).reduce((total, { operator, inputs, outputs, attributes }) => {
		if (operator !== 'MatMul' && operator !== 'Gemm') return total
		const [rows, columns] = inputs[0]!.shape.slice(-2)
		const transposed = attributes.transA?.kind === 'int' && attributes.transA.value === 1
		return total + size(outputs[0]!.shape) * size([(transposed ? rows : columns)!])
	}, 0)
}

it.each([
	['ViT-B/32', {}],
	['ViT-B/16', { patch_size: 16 }],
	[
		'ViT-L/14',
		{ patch_size: 14, hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24, num_attention_heads: 16 },
	],
	[
		'a small tower',
		{
			image_size: 30,
			patch_size: 6,
			hidden_size: 96,
			intermediate_size: 200,
			num_hidden_layers: 2,
			num_attention_heads: 3,
		},
	],
])('counts the products in the graph of %s', (_, vision_config) => {
	const config = parseClipConfig({ model_type: 'clip', vision_config })
	const { lookup } = trainableWeights(expectedWeights(config))
	const { imageSize } = config.vision
	const pixels = ops.input('pixels', 'float32', ['B', 3, imageSize, imageSize])
	const { features } = imageTower(pixels, config.vision, { mean: [0.5, 0.5, 0.5], std: [1, 1, 1] }, lookup)
	const logits = similarityLogits(
		features,
		ops.input('text', 'float32', [100, 512]),
		ops.reshape(lookup('logit_scale'), []),
	)
	const [gradient] = grad(ops.crossEntropy(logits, ops.input('labels', 'int64', ['B'])), [pixels])
	expect(gradientMultiplyAdds(config.vision, 512, 100)).toBe(countedProducts([logits, gradient!]))
})
