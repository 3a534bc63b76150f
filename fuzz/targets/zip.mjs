import { join } from 'node:path'
import { readPytorchTensors } from '../../dist/files/foreign/pytorch-pickle.js'
import { withFile } from '../../dist/files/read-parts.js'
import { eachFile } from '../files.mjs'

export default {
	prepare: async () => ({ inputs: await eachFile('fixtures/checkpoints/pytorch', /\.bin$/, () => 'a.bin') }),
	read(folder) {
		const path = join(folder, 'a.bin')
		return withFile(path, (handle) => readPytorchTensors(handle, path))
	},
}
