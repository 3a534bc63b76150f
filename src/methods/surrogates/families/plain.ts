/** Stacked convolutions and pooling (Simonyan and Zisserman, 2015: VGG). */

import { ops } from '../../../onnx/graph.js'
import { maxPool } from '../network/pooling.js'
import { type Family, stackBlocks } from './family.js'

export const plain: Family = {
	name: 'plain',
	doc: 'Stacked 3 x 3 convolutions and max pooling, as VGG.',
	width: 12,
	blocks: [1, 2, 1],
	stage: (layers, x, index, channels, blocks) =>
		stackBlocks(index === 0 ? x : maxPool(x), index, blocks, (input, name) =>
			ops.relu(layers.convolution(name, input, { channels, kernel: 3 })),
		),
}
