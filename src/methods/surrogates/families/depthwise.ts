/** Inverted residuals with a spatial convolution per channel (Sandler et al., 2018: MobileNetV2). */

import { ops } from '../../../onnx/graph.js'
import type { Value } from '../../../onnx/value.js'
import type { Layers } from '../network/layers.js'
import { type Family, stackBlocks } from './family.js'

/** Expansion factor inside a block; 1 in the first stage, whose images are large (as in MobileNetV2's first block). */
const expansion = 3

export const depthwise: Family = {
	name: 'depthwise',
	doc: 'Inverted residuals: channels are widened, convolved each on its own, and narrowed, as MobileNetV2.',
	width: 10,
	blocks: [1, 2, 2],
	stage: (layers, x, index, channels, blocks) =>
		stackBlocks(x, index, blocks, (input, name, stride) => {
			const inner = (input.shape[1] as number) * (index === 0 ? 1 : expansion)
			return invertedResidual(layers, name, input, { inner, channels, stride })
		}),
}

interface Shape {
	/** Channels of the spatial convolution. */
	readonly inner: number
	/** Channels of the result. */
	readonly channels: number
	readonly stride: number
}

function invertedResidual(layers: Layers, name: string, x: Value, { inner, channels, stride }: Shape): Value {
	const wide =
		inner === x.shape[1] ? x : ops.relu(layers.convolution(`${name}.widen`, x, { channels: inner, kernel: 1 }))
	const spatial = ops.relu(
		layers.convolution(`${name}.spatial`, wide, { channels: inner, kernel: 3, stride, groups: inner }),
	)
	const narrow = layers.convolution(`${name}.narrow`, spatial, { channels, kernel: 1 })
	return stride === 1 && x.shape[1] === channels ? ops.add(narrow, x) : narrow
}
