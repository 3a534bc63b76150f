/** Blocks of two convolutions with a shortcut (He et al., 2016: ResNet). */

import { ops } from '../../../onnx/graph.js'
import type { Value } from '../../../onnx/value.js'
import type { Layers } from '../network/layers.js'
import { type Family, stackBlocks } from './family.js'

export const residual: Family = {
	name: 'residual',
	doc: 'Basic blocks with shortcuts and strided convolutions, as ResNet.',
	width: 8,
	blocks: [1, 1, 1],
	stage: (layers, x, index, channels, blocks) =>
		stackBlocks(x, index, blocks, (input, name, stride) => basicBlock(layers, name, input, channels, stride)),
}

function basicBlock(layers: Layers, name: string, x: Value, channels: number, stride: number): Value {
	const first = ops.relu(layers.convolution(`${name}.first`, x, { channels, kernel: 3, stride }))
	const second = layers.convolution(`${name}.second`, first, { channels, kernel: 3 })
	const same = stride === 1 && x.shape[1] === channels
	const shortcut = same ? x : layers.convolution(`${name}.shortcut`, x, { channels, kernel: 1, stride })
	return ops.relu(ops.add(second, shortcut))
}
