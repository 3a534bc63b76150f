import { eachFile } from '../files.mjs'
import { readOnnx } from '../onnx.mjs'

export default {
	prepare: async () => ({
		inputs: await eachFile('fixtures/onnx-classifiers', /mixture.*\.onnx$|efficient.*\.onnx$/, () => 'a.onnx'),
	}),
	onDisk: false,
	read: (folder, files) => readOnnx(files['a.onnx'], folder),
}
