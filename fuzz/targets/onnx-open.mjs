import { join } from 'node:path'
import { openOnnxClassifier } from '../../dist/classifier/files/open-onnx-classifier.js'
import { createEngine } from '../../dist/runtime/index.js'
import { changeBytes } from '../bytes.mjs'
import { eachFile } from '../files.mjs'
import { changeStructure } from '../onnx.mjs'

/** The complete path: onnxruntime in its own process, our reader, the engine, one gradient. */
export default {
	seconds: 120,
	megabytes: 3000,
	change: (bytes, draw, others) => (draw.chance(0.3) ? changeBytes(bytes, draw, others) : changeStructure(bytes, draw)),
	async prepare() {
		return {
			inputs: await eachFile('fixtures/onnx-classifiers', /mixture.*\.onnx$/, () => 'a.onnx'),
			engine: await createEngine({ threads: 1 }),
		}
	},
	async read(folder, _files, { engine }) {
		const input = { normalisation: 'none', size: [32, 32] }
		const classifier = await openOnnxClassifier(engine, join(folder, 'a.onnx'), { input })
		try {
			const [channels, height, width] = classifier.input.shape
			const images = {
				type: 'float32',
				shape: [1, channels, height, width],
				data: new Float32Array(channels * height * width).fill(0.5),
			}
			await classifier.evaluate(images, ['logits'])
		} finally {
			await classifier.release()
		}
	},
}
