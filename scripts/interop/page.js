// What the page does: a pipeline of transformers.js and a session of onnxruntime-web, both in WASM.

import * as ort from '/ort/ort.wasm.min.mjs'
import { logitsOf } from '/sessions.js'
import { AutoProcessor, env, pipeline, RawImage } from '/transformers/transformers.min.js'

env.allowRemoteModels = false
env.allowLocalModels = true
env.localModelPath = '/models/'
env.useBrowserCache = false
env.backends.onnx.wasm.wasmPaths = '/web-runtime/'
env.backends.onnx.wasm.numThreads = 1
ort.env.wasm.wasmPaths = '/ort/'
ort.env.wasm.numThreads = 1

const kinds = {}
const processors = {}
const kind = (name, folder, dtype) => {
	kinds[`${name} ${folder} ${dtype}`] ??= pipeline(name, folder, { dtype, device: 'wasm' })
	return kinds[`${name} ${folder} ${dtype}`]
}

globalThis.classify = async (folder, dtype, address, options) =>
	(await kind('image-classification', folder, dtype))(address, options)
globalThis.zeroShot = async (folder, address, labels, template) =>
	(await kind('zero-shot-image-classification', folder, 'fp32'))(address, labels, { hypothesis_template: template })

globalThis.logits = logitsOf(ort, 'wasm')

/** What its processor makes of a picture, as plain numbers. */
globalThis.pixelValues = async (folder, address) => {
	processors[folder] ??= AutoProcessor.from_pretrained(folder)
	const processor = await processors[folder]
	const { pixel_values: values } = await processor(await RawImage.read(address))
	return [...values.data]
}

globalThis.show = (address, classes) => {
	const rows = classes.map(({ label, score }) => {
		const row = document.createElement('tr')
		for (const text of [label, `${(100 * score).toFixed(1)} %`]) row.insertCell().textContent = text
		return row
	})
	document.querySelector('img').src = address
	document.querySelector('table').replaceChildren(...rows)
}
