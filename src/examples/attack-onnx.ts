import { attack } from 'naptune'

const { clean, robust, record } = await attack({
	onnx: 'model.onnx',
	data: 'photos',
	normalisation: 'imagenet',
	channelOrder: 'rgb',
	attack: 'pgd-100',
	epsilon: '4/255',
})
console.log(clean, robust, record)
