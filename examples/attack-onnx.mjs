/**
 * Attacks an image classifier in an ONNX file with the gradient of its own graph.
 *
 *     node examples/attack-onnx.mjs model.onnx photos
 */

import { attack } from 'naptune'

const [onnx = 'model.onnx', data = 'photos'] = process.argv.slice(2)

const { clean, robust, record } = await attack({
	onnx,
	data,
	normalisation: 'imagenet',
	channelOrder: 'rgb',
	attack: 'pgd-100',
	epsilon: '4/255',
})
console.log('clean:', clean.accuracy, 'under attack:', robust.accuracy, robust.interval)
console.log('every outcome:', record)
