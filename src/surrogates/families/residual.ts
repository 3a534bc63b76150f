/** Blocks of two convolutions around which the input is added (He et al., 2016: ResNet). */

import { ops } from '../../onnx/index.js'
import type { Value } from '../../onnx/value.js'
import type { Layers } from '../layers.js'
import type { Family } from './family.js'

export const residual: Family = {
	name: 'residual',
	doc: 'Basic blocks with shortcuts and strided convolutions, as ResNet.',
	width: 8,
	blocks: [1, 1, 1],
	stage(layers, x, index, channels, blocks) {
		let result = x
		for (let block = 0; block < blocks; block++) {
			const stride = index > 0 && block === 0 ? 2 : 1
			result = basicBlock(layers, `stage${index + 1}.block${block + 1}`, result, channels, stride)
		}
		return result
	},
}

function basicBlock(layers: Layers, name: string, x: Value, channels: number, stride: number): Value {
	const first = ops.relu(layers.convolution(`${name}.first`, x, { channels, kernel: 3, stride }))
	const second = layers.convolution(`${name}.second`, first, { channels, kernel: 3 })
	const same = stride === 1 && x.shape[1] === channels
	const shortcut = same ? x : layers.convolution(`${name}.shortcut`, x, { channels, kernel: 1, stride })
	return ops.relu(ops.add(second, shortcut))
}
