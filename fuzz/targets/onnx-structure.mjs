import { eachFile } from '../files.mjs'
import { changeStructure, readOnnx } from '../onnx.mjs'

export default {
	change: changeStructure,
	prepare: async () => ({ inputs: await eachFile('fixtures/onnx-classifiers', /\.onnx$/, () => 'a.onnx') }),
	onDisk: false,
	read: (folder, files) => readOnnx(files['a.onnx'], folder),
}
