/** Convolutions one after the other, and pooling (Simonyan and Zisserman, 2015: VGG). */

import { ops } from '../../onnx/index.js'
import { maxPool } from '../pooling.js'
import type { Family } from './family.js'

export const plain: Family = {
	name: 'plain',
	doc: 'Stacked 3 x 3 convolutions and max pooling, as VGG.',
	width: 12,
	blocks: [1, 2, 1],
	stage(layers, x, index, channels, blocks) {
		let result = index === 0 ? x : maxPool(x)
		for (let block = 0; block < blocks; block++) {
			result = ops.relu(layers.convolution(`stage${index + 1}.block${block + 1}`, result, { channels, kernel: 3 }))
		}
		return result
	},
}
